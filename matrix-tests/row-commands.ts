import type { z } from 'zod';
import type { MatrixContext } from './matrix-context.ts';
import {
  checkAnswer,
  diffAnswer,
  importAnswer,
  setupAnswer,
  undoAnswer,
} from './processes/answers.ts';
import type { AshlarAnswer } from './processes/ashlar.ts';
import type { CheckPlace } from './row/check-place.ts';
import type { Row } from './row/row.ts';

type Answer<Schema extends z.ZodType> = Promise<AshlarAnswer<z.infer<Schema>>>;

/** The images of a row, by what they are in its course; their tags in the store have the row's name in front. */
export type RowImage = 'base' | 'set-up' | 'again' | 'undone';

export interface RowCommands {
  import(reference: string): Answer<typeof importAnswer>;
  check(image: RowImage, on: readonly CheckPlace[]): Answer<typeof checkAnswer>;
  setup(image: RowImage, result: RowImage): Answer<typeof setupAnswer>;
  undo(image: RowImage, result: RowImage): Answer<typeof undoAnswer>;
  diff(one: RowImage, other: RowImage): Promise<AshlarAnswer<readonly Difference[]>>;
}

export interface Difference {
  readonly change: string;
  readonly path: string;
}

const minute = 60_000;
/** Containers and a boot without KVM are among it. */
const checkTimeoutMs = 10 * minute;
const timeoutMs = 3 * minute;

export function createRowCommands(row: Row, { ashlar, signal }: MatrixContext): RowCommands {
  const tag = (image: RowImage): string => `${row.id}:${image}`;
  return {
    import: (reference) =>
      ashlar.call({
        args: ['image', 'import', reference, '-t', tag('base'), '--disk', '4G'],
        answer: importAnswer,
        signal,
        timeoutMs,
      }),
    check: (image, wanted) => {
      const args = ['base', 'check', tag(image), '--on', wanted.join(',')];
      return ashlar.call({ args, answer: checkAnswer, signal, timeoutMs: checkTimeoutMs });
    },
    setup: (image, result) => {
      // A later setup, such as a build's, asks for nothing: what the first was asked for stays.
      const asked = image === 'base' ? row.setup : [];
      const args = ['base', 'setup', tag(image), '-t', tag(result), ...asked];
      return ashlar.call({ args, answer: setupAnswer, signal, timeoutMs });
    },
    undo: (image, result) =>
      ashlar.call({
        args: ['base', 'setup', tag(image), '--undo', '-t', tag(result)],
        answer: undoAnswer,
        signal,
        timeoutMs,
      }),
    diff: async (one, other) => {
      const args = ['image', 'diff', tag(one), tag(other)];
      const answer = await ashlar.call({ args, answer: diffAnswer, signal, timeoutMs });
      return answer.ok ? { ...answer, value: answer.value.files } : answer;
    },
  };
}
