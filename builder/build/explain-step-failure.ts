import { AshlarError } from '../../src/index.ts';
import type { RunRequest } from './run-step-on-image.ts';

/**
 * Adds to the failure of a RUN what the command said last, and how to look at the image that it ran on. What carries no
 * code is given back as it is.
 */
export async function explainStepFailure(
  { target, config, provenance }: RunRequest,
  error: unknown,
  output: string,
): Promise<unknown> {
  if (!(error instanceof AshlarError)) return error;
  const { code, message, data, hint } = error;
  if (code !== 'step_failed')
    return new AshlarError(code, message, { data: { ...data, output }, hint, cause: error });
  const parent = await target.publish(config, provenance);
  return new AshlarError(code, message, {
    data: { ...data, output, parent },
    hint: `Look at the image that the command ran on: ashlar boot ${parent} -- sh -c 'COMMAND'`,
    cause: error,
  });
}
