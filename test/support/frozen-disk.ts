import { truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTempDir } from '../../src/disk/temp-dir.ts';
import { runChecked, runCommand } from '../../src/process/run-command.ts';

const diskBytes = 16 * 1024 * 1024;

/** Why no file system can be frozen here; empty where one can. For names of skipped suites. */
export const whyNoFreeze = await whyFreezingFails();

async function whyFreezingFails(): Promise<string> {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const tool of ['mke2fs', 'fsfreeze']) {
    const { exitCode } = await runCommand('sh', ['-c', `command -v ${tool}`]);
    if (exitCode !== 0) return `needs ${tool}`;
  }
  return '';
}

/** A mounted ext4 whose writers wait, as those of a server that is gone. Disposal lets them go on and unmounts it. */
export interface FrozenDisk extends AsyncDisposable {
  readonly path: string;
}

/** `prepare` fills it before it freezes. */
export async function freezeDisk(
  prepare: (path: string) => Promise<void> = () => Promise.resolve(),
): Promise<FrozenDisk> {
  await using stack = new AsyncDisposableStack();
  const { path: base } = stack.use(await createTempDir(tmpdir(), 'ashlar-frozen'));
  const disk = join(base, 'disk');
  await writeFile(disk, '');
  await truncate(disk, diskBytes);
  await runChecked('mke2fs', ['-q', '-F', '-t', 'ext4', disk]);
  const { path } = stack.use(await createTempDir(tmpdir(), 'ashlar-frozen-mount'));
  await runChecked('mount', ['-o', 'loop', disk, path]);
  stack.defer(() => unmountAtLast(path));
  await prepare(path);
  await runChecked('fsfreeze', ['--freeze', path]);
  stack.defer(async () => void (await runChecked('fsfreeze', ['--unfreeze', path])));
  const owned = stack.move();
  return { path, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Those who waited die once they are let go, and hold the mount until then. */
async function unmountAtLast(path: string): Promise<void> {
  const script = 'for i in $(seq 100); do umount "$1" 2>&- && exit; sleep 0.05; done; umount "$1"';
  await runChecked('sh', ['-c', script, 'sh', path]);
}
