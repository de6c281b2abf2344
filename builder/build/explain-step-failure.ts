import { AshlarError, type ErrorData } from '../../src/index.ts';
import { type UsedMirror, usedMirror } from '../injection/build-mirror.ts';
import type { InjectedMirror } from './inject-mirror.ts';
import type { RunRequest } from './run-step-on-image.ts';

export interface StepEvidence {
  /** What the command said last. */
  readonly output: string;
  readonly mirror: InjectedMirror | null;
}

/**
 * Adds to the failure of a RUN what the command said last, how to look at the image that it ran on, and what it had to do with
 * the npm mirror. What carries no code is given back as it is.
 */
export async function explainStepFailure(
  { target, config, provenance }: RunRequest,
  error: unknown,
  { output, mirror: injected }: StepEvidence,
): Promise<unknown> {
  if (!(error instanceof AshlarError)) return error;
  const { code, message, data: own, hint } = error;
  const mirror = injected === null ? null : usedMirror(injected.way, injected.door.use);
  const data = { ...own, ...(mirror === null ? {} : mirrorData(mirror)) };
  if (code !== 'step_failed')
    return new AshlarError(code, message, { data: { ...data, output }, hint, cause: error });
  const parent = await target.publish(config, provenance);
  return new AshlarError(code, message, {
    data: { ...data, output, parent },
    hint: [
      `Look at the image that the command ran on: ashlar boot ${parent} -- sh -c 'COMMAND'`,
      ...(mirror === null ? [] : [mirrorHint(mirror)]),
    ].join('; '),
    cause: error,
  });
}

function mirrorData({ url, through, without }: UsedMirror): ErrorData {
  return { mirror: url, mirrorConnections: through, mirrorMissed: without };
}

function mirrorHint({ url, through, without }: UsedMirror): string {
  const missed = without === 0 ? '' : `; it gave no connection for ${without} others`;
  return `its packages came through the npm mirror at ${url} (${through} connections${missed}): see \`ashlar mirror status\` there, or build with --no-mirrors`;
}
