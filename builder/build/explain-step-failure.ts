import { AshlarError, type Digest } from '../../src/index.ts';
import type { SourceRange } from '../dockerfile/instruction.ts';
import type { RunRequest } from './run-step-on-image.ts';

const shownLines = 12;

/**
 * Adds to the failure of a RUN the lines of the Dockerfile, what the command said last, and how to look at the image that
 * it ran on. What carries no code is given back as it is.
 */
export async function explainStepFailure(
  request: RunRequest,
  error: unknown,
  output: string,
): Promise<unknown> {
  if (!(error instanceof AshlarError)) return error;
  const { step, dockerfile } = request;
  const line = step.range.firstLine;
  const parent = error.code === 'step_failed' ? await publishParent(request) : null;
  const hint =
    parent === null
      ? error.hint
      : `Look at the image that the command ran on: ashlar boot ${parent} -- sh -c 'COMMAND'`;
  return new AshlarError(error.code, `${dockerfile}:${line}: ${error.message}`, {
    data: {
      ...error.data,
      line,
      excerpt: excerptOf(step.original, step.range),
      output,
      ...(parent === null ? {} : { parent }),
    },
    hint,
    cause: error,
  });
}

async function publishParent({ target, config, provenance }: RunRequest): Promise<Digest> {
  return target.publish(config, provenance);
}

/** The instruction with the numbers of its lines. */
function excerptOf(original: string, range: SourceRange): string {
  const lines = original.split('\n');
  const width = String(range.lastLine).length;
  const shown = lines
    .slice(0, shownLines)
    .map((text, index) => `${String(range.firstLine + index).padStart(width)} | ${text}`);
  if (lines.length > shownLines)
    shown.push(`${' '.repeat(width)} | ... ${lines.length - shownLines} more lines`);
  return shown.join('\n');
}
