import { bootStoredImage, type BootRequest } from '../boot-stored-image.ts';
import type { CommandContext } from '../command-context.ts';
import { collectOutput } from '../collect-output.ts';
import { ensureHome } from '../ensure-home.ts';
import { formatSeconds } from '../format-ledger.ts';
import { openStore } from '../open-store.ts';
import type { FinishedCommand } from '../common-options.ts';

export type BootCommandOptions = Omit<BootRequest, 'onStdout' | 'onStderr' | 'check'>;

/** `ashlar boot REF -- COMMAND`: stdout, stderr and exit code are the command's own. */
export async function boot(
  context: CommandContext,
  options: BootCommandOptions,
): Promise<FinishedCommand> {
  await ensureHome(context);
  using imageStore = await openStore(context, 'read');
  const { terminal, form } = context;
  const output = collectOutput();
  const result = await bootStoredImage(context, imageStore, {
    ...options,
    onStdout: (chunk) =>
      form === 'json' ? output.push('stdout', chunk) : terminal.stdout.write(chunk),
    onStderr: (chunk) =>
      form === 'json' ? output.push('stderr', chunk) : terminal.stderr.write(chunk),
  });
  const { exitCode, accelerator, timings, readBytes, readChunks } = result;
  if (form === 'text' && terminal.isInteractive) {
    terminal.stderr.write(
      `time: ${formatSeconds(timings.totalMs)} (${accelerator}), ${readChunks.length} chunks read\n`,
    );
  }
  return {
    json: {
      exitCode,
      stdout: output.text('stdout'),
      stderr: output.text('stderr'),
      accelerator,
      timings: { ...timings },
      readBytes,
      readChunks: readChunks.length,
    },
    text: '',
    exitCode,
  };
}
