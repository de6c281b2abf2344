import { access, chmod, copyFile, mkdir, open, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findProgram } from '../../../vm/find-program.ts';
import { runChecked } from '../../../src/index.ts';
import type { BlockSource } from '../../../vm/block-source.ts';

const applets = [
  'sh', 'cat', 'dd', 'env', 'grep', 'head', 'hostname', 'id', 'ip', 'ls', 'mkdir', 'od', 'printf', 'pwd',
  'seq', 'sleep', 'stat', 'touch', 'tr', 'true', 'wc',
]; // prettier-ignore

/** Why machines cannot be booted in this test run, or undefined. */
export async function bootObstacle(): Promise<string | undefined> {
  for (const program of ['qemu-system-x86_64', 'setpriv', 'mke2fs']) {
    if ((await findProgram(program)) === undefined) return `${program} is not installed`;
  }
  if (process.arch !== 'x64') return `the test images are for x64, and this is ${process.arch}`;
  try {
    await access('/bin/busybox');
    return undefined;
  } catch {
    return 'there is no /bin/busybox to make a test image of';
  }
}

export interface DiskPlan {
  /** Where the tree is made. */
  readonly directory: string;
  readonly path: string;
  /** Content of the file /noise. */
  readonly noise: Uint8Array;
}

/** A tree with a static busybox, users and groups, as an ext4 image at `path`. */
export async function makeBusyboxDisk({ directory, path, noise }: DiskPlan): Promise<void> {
  const tree = join(directory, 'busybox-tree');
  await mkdir(join(tree, 'bin'), { recursive: true });
  await mkdir(join(tree, 'etc'));
  await copyFile('/bin/busybox', join(tree, 'bin', 'busybox'));
  for (const applet of applets) await symlink('busybox', join(tree, 'bin', applet));
  await writeFile(
    join(tree, 'etc', 'passwd'),
    'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:App:/home/app:/bin/sh\n',
  );
  await writeFile(
    join(tree, 'etc', 'group'),
    'root:x:0:\napp:x:1001:\naudio:x:29:other,app\nvideo:x:44:app\nstaff:x:50:root\n',
  );
  await writeFile(join(tree, 'etc', 'not-executable'), '#!/bin/sh\n');
  await writeFile(join(tree, 'noise'), noise);
  await mkdir(join(tree, 'opt'));
  await writeFile(join(tree, 'opt', 'greet'), '#!/bin/sh\necho "greetings from $0"\n');
  await chmod(join(tree, 'opt', 'greet'), 0o755);
  await symlink('/opt/greet', join(tree, 'bin', 'greet'));
  await makeDisk(tree, path);
}

/** A tree that holds nothing but one static program, /prog/busybox. */
export async function makeScratchDisk(directory: string, path: string): Promise<void> {
  const tree = join(directory, 'scratch-tree');
  await mkdir(join(tree, 'prog'), { recursive: true });
  await copyFile('/bin/busybox', join(tree, 'prog', 'busybox'));
  await makeDisk(tree, path);
}

export interface InitDiskPlan {
  readonly directory: string;
  /** Of the tree and of the disk, below `directory`. */
  readonly name: string;
  /** Programs and text by their path, all of them executable; a target in brackets is a symbolic link to it. */
  readonly files: Readonly<Record<string, string | readonly [target: string]>>;
}

/** A tree with a busybox as in `makeBusyboxDisk` and an init; gives the path of the disk. */
export async function makeInitDisk({ directory, name, files }: InitDiskPlan): Promise<string> {
  const tree = join(directory, `${name}-tree`);
  for (const path of ['bin', 'dev', 'proc', 'sys', 'etc'])
    await mkdir(join(tree, path), { recursive: true });
  await copyFile('/bin/busybox', join(tree, 'bin', 'busybox'));
  for (const applet of [...applets, 'mount', 'chown'])
    await symlink('busybox', join(tree, 'bin', applet));
  await writeFile(join(tree, 'etc', 'passwd'), 'app:x:1000:1001:App:/home/app:/bin/sh\n');
  await writeFile(join(tree, 'etc', 'group'), 'app:x:1001:\naudio:x:29:app\n');
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    if (typeof content === 'string') await writeFile(join(tree, path), content, { mode: 0o755 });
    else await symlink(content[0], join(tree, path));
  }
  const path = join(directory, name);
  await makeDisk(tree, path);
  return path;
}

async function makeDisk(tree: string, path: string): Promise<void> {
  await runChecked('mke2fs', ['-q', '-t', 'ext4', '-E', 'root_owner=0:0', '-d', tree, path, '16M']);
}

export interface FileSource extends BlockSource, AsyncDisposable {}

export async function openFileSource(path: string): Promise<FileSource> {
  const file = await open(path, 'r');
  const { size } = await file.stat();
  return {
    sizeBytes: size,
    async read(offset, lengthBytes) {
      const bytes = Buffer.alloc(lengthBytes);
      await file.read(bytes, 0, lengthBytes, offset);
      return bytes;
    },
    async [Symbol.asyncDispose]() {
      await file.close();
    },
  };
}
