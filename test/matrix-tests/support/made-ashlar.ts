import type {
  Ashlar,
  AshlarAnswer,
  AshlarFailure,
} from '../../../matrix-tests/processes/ashlar.ts';

/** Answers of a command line that is not there, by the words that a call begins with; the longest that fit are taken. */
export type Answers = Readonly<Record<string, object | (() => Promise<object>)>>;

export interface MadeAshlar extends Ashlar {
  readonly calls: readonly string[];
}

export function failureOf(over: Partial<AshlarFailure>): { error: AshlarFailure } {
  return {
    error: { code: 'internal', class: 'platform', message: 'it failed', hint: 'Mend it.', ...over },
  };
}

export function madeAshlar(answers: Answers): MadeAshlar {
  const calls: string[] = [];
  return {
    calls,
    async call({ args, answer, signal }): Promise<AshlarAnswer<never>> {
      signal.throwIfAborted();
      const line = args.join(' ');
      calls.push(line);
      const [, given] = Object.entries(answers)
        .filter(([words]) => line.startsWith(words))
        .toSorted(([one], [other]) => other.length - one.length)[0] ?? [undefined, {}];
      const document = typeof given === 'function' ? await given() : given;
      if ('error' in document) return { ok: false, failure: document.error as AshlarFailure };
      return { ok: true, value: answer.parse(document) as never, exitCode: 0 };
    },
  };
}
