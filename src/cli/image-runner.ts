import { join } from 'node:path';
import type { Runner, RunRequest, RunResult } from '../../base-images/index.ts';
import { createStepDirectory, withRunStep } from '../../builder/index.ts';
import { once } from '../flow/remember.ts';
import { exportDisk } from '../image/disk/export-disk.ts';
import type { OpenImage } from '../image/open-image.ts';
import type { CommandContext } from './command-context.ts';

export type ImageRunner = Runner & AsyncDisposable;

const timeoutMs = 120_000;
const outputBytes = 4 * 1024 * 1024;
/** Enough for what a check lets a command write. */
const upperBytes = 1024 * 1024 * 1024;

/**
 * Runs commands in an image, each in a container of its own as a RUN step has it: without no_new_privs, on a file system that is not mounted
 * nosuid, and without a network. The disk that they are run on is made at the first. Disposed, nothing is left of it.
 */
export function openImageRunner(context: CommandContext, image: OpenImage): ImageRunner {
  const { signal } = context;
  const workRoot = join(context.config.home, 'run');
  const own = environmentOf(image.root.config.config.Env ?? []);
  const cleanup = new AsyncDisposableStack();
  const disk = once(async () => {
    const directory = cleanup.use(await createStepDirectory(workRoot));
    const path = join(directory.path, 'disk.raw');
    await exportDisk(image, path, signal);
    return path;
  });
  return {
    async run({ argv, user = '', env = {} }: RunRequest): Promise<RunResult> {
      const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
      const parentDisk = await disk();
      return withRunStep(
        {
          workRoot,
          parentDisk,
          argv,
          user,
          env: { ...own, ...env },
          workdir: '/',
          limits: { timeoutMs, outputBytes, upperBytes },
          network: 'none',
          onOutput: (stream, chunk) => void output[stream].push(Buffer.from(chunk)),
          signal,
        },
        async ({ exitCode }) => ({
          exitCode,
          stdout: Buffer.concat(output.stdout),
          stderr: Buffer.concat(output.stderr),
        }),
      );
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

function environmentOf(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const equals = entry.indexOf('=');
      return equals === -1 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
