import type { SudoEngine } from '../../../base-images/sudoers/engine.ts';
import type { AnswerCounts, Comparison, Difference } from './compare.ts';
import { knownFault } from './known-faults.ts';
import type { Setup } from './setup.ts';

/** What came of comparing many set-ups with one build. */
export interface Tally {
  readonly answers: Readonly<AnswerCounts>;
  /** Gives the differences that no fault of the build itself explains. */
  add(setup: Setup, comparison: Comparison): readonly Difference[];
  words(): string;
}

export function createTally(engine: SudoEngine): Tally {
  const answers: AnswerCounts = { nopasswd: 0, password: 0, denied: 0, untold: 0 };
  const leftOut = new Map<string, number>();
  const faults = new Map<string, number>();
  let setups = 0;
  let agreed = 0;
  return {
    answers,
    add: (setup, comparison) => {
      for (const kind of ['nopasswd', 'password', 'denied', 'untold'] as const)
        answers[kind] += comparison.answers[kind];
      if (comparison.leftOut !== null) count(leftOut, comparison.leftOut);
      const open = comparison.differences.filter((difference) => {
        const fault = knownFault(engine, setup, difference);
        if (fault !== null) count(faults, fault);
        return fault === null;
      });
      setups += 1;
      if (open.length === 0) agreed += 1;
      return open;
    },
    words: () => {
      const { nopasswd, password, denied, untold } = answers;
      const compared = nopasswd + password + denied;
      return [
        `${agreed} of ${setups} set-ups agree`,
        `${compared} answers compared: ${nopasswd} nopasswd, ${password} password, ${denied} denied (${untold} that its words do not tell)`,
        `no answers of set-ups: ${listed(leftOut)}`,
        `its own faults: ${listed(faults)}`,
      ].join('\n  ');
    },
  };
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function listed(counts: ReadonlyMap<string, number>): string {
  const all = [...counts].map(([name, number]) => `${number} ${name}`);
  return all.length === 0 ? 'none' : all.join(', ');
}
