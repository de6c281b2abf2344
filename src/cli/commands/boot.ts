import { bootStoredImage, type BootRequest } from '../boot-stored-image.ts';
import type { CommandContext } from '../command-context.ts';
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
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const result = await bootStoredImage(context, imageStore, {
    ...options,
    onStdout: (chunk) => (form === 'json' ? stdout.push(chunk) : terminal.stdout.write(chunk)),
    onStderr: (chunk) => (form === 'json' ? stderr.push(chunk) : terminal.stderr.write(chunk)),
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
      stdout: Buffer.concat(stdout).toString('utf8'),
      stderr: Buffer.concat(stderr).toString('utf8'),
      accelerator,
      timings: { ...timings },
      readBytes,
      readChunks: readChunks.length,
    },
    text: '',
    exitCode,
  };
}
