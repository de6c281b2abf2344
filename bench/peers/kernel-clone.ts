import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';
import { quoted, run, script } from '../commands.ts';

export interface CloneOptions {
  readonly parentDisk: string;
  readonly disk: string;
  /** What the clone holds in the end. */
  readonly tree: string;
}

/**
 * Copies a disk, mounts the copy, and lets the kernel's ext4 make it equal to a tree: names that the tree lacks go, what
 * is new or newer is written, what is as old stays as it lies. Freed blocks are discarded, so that they count as zeros.
 */
export async function cloneAndWrite(context: BenchContext, options: CloneOptions): Promise<void> {
  const { parentDisk, disk, tree } = options;
  await run(context, { argv: ['cp', '--sparse=always', parentDisk, disk] });
  await using mount = await mountDisk(context, disk);
  const surplus = `LC_ALL=C comm -z -13 <(${listOf(tree)}) <(${listOf(mount.path)})`;
  await run(context, {
    argv: script([
      `${surplus} | (cd ${quoted(mount.path)} && xargs -0 --no-run-if-empty rm -rf --)`,
      `cp -a --update ${quoted(tree)}/. ${quoted(mount.path)}/`,
    ]),
  });
}

/** A shell command that lists all names of a directory in order, each ended by a zero byte. */
function listOf(directory: string): string {
  return `cd ${quoted(directory)} && find . -path ./lost+found -prune -o -print0 | LC_ALL=C sort -z`;
}

async function mountDisk(
  context: BenchContext,
  disk: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = join(context.workDir, 'mount');
  await mkdir(path, { recursive: true });
  await run(context, { argv: ['mount', '-t', 'ext4', '-o', 'loop,discard', disk, path] });
  return {
    path,
    async [Symbol.asyncDispose]() {
      context.say(`$ umount ${quoted(path)}`);
      await runChecked('umount', [path]);
    },
  };
}
