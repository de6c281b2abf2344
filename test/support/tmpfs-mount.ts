import { tmpdir } from 'node:os';
import { createTempDir } from '../../src/disk/temp-dir.ts';
import { runChecked, runCommand } from '../../src/process/run-command.ts';

/** A small file system of its own, unmounted and removed when disposed. */
export interface TmpfsMount extends AsyncDisposable {
  readonly path: string;
  makeReadOnly(): Promise<void>;
}

/** Why this process cannot mount, or null. */
export async function whyNoMount(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'needs root';
  await using directory = await createTempDir(tmpdir(), 'ashlar-mount');
  const mounted = await runCommand('mount', ['-t', 'tmpfs', 'tmpfs', directory.path]);
  if (mounted.exitCode !== 0) return 'mount is not permitted';
  await runChecked('umount', [directory.path]);
  return null;
}

export async function mountTmpfs(sizeBytes: number): Promise<TmpfsMount> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await createTempDir(tmpdir(), 'ashlar-mount'));
  await runChecked('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path]);
  stack.defer(async () => void (await runChecked('umount', [path])));
  const owned = stack.move();
  return {
    path,
    async makeReadOnly() {
      await runChecked('mount', ['-o', 'remount,ro', path]);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
