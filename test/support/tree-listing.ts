import { createHash } from 'node:crypto';
import { type BigIntStats, createReadStream } from 'node:fs';
import { lstat, open, readdir, readFile, readlink } from 'node:fs/promises';
import { runChecked } from '../../src/process/run-command.ts';

/**
 * Everything that can be told of the files below a directory, one line each, in order of their bytes: path, type, mode,
 * owner, time, size or device, link target, content, number of names and which of them is the first. Two directories
 * with the same listing hold the same. `lost+found` in the root is left out.
 */
export async function listTree(root: string): Promise<string[]> {
  const lines: string[] = [];
  const firstNames = new Map<bigint, string>();
  const visit = async (path: string): Promise<void> => {
    const full = Buffer.from(path === '' ? root : `${root}/${path}`, 'latin1');
    const stat = await lstat(full, { bigint: true });
    lines.push(await describe(path, full, stat, firstNames));
    if (!stat.isDirectory()) return;
    const names = (await readdir(full, { encoding: 'buffer' }))
      .map((name) => name.toString('latin1'))
      .toSorted();
    for (const name of names) {
      if (path === '' && name === 'lost+found') continue;
      await visit(path === '' ? name : `${path}/${name}`);
    }
  };
  await visit('');
  return lines;
}

/** All extended attributes below a directory, as getfattr prints them. */
export async function listXattrs(root: string): Promise<string> {
  const args = [
    '--recursive',
    '--physical',
    '--no-dereference',
    '--dump',
    '--match=-',
    '--encoding=hex',
    '--absolute-names',
    '.',
  ];
  const { stdout } = await runChecked('getfattr', args, { cwd: root, keepBytes: 64 * 1024 * 1024 });
  const blocks = stdout
    .toString('latin1')
    .split('\n\n')
    .filter((block) => !block.includes('lost+found'));
  return blocks.toSorted().join('\n\n');
}

async function describe(
  path: string,
  full: Buffer,
  stat: BigIntStats,
  firstNames: Map<bigint, string>,
): Promise<string> {
  const fields = [JSON.stringify(path), stat.mode.toString(8), stat.uid, stat.gid, stat.mtimeNs];
  if (stat.isFile()) {
    fields.push(stat.size, await hashOfFile(full, Number(stat.size)));
  }
  if (stat.isSymbolicLink()) fields.push(JSON.stringify(await readlink(full, 'latin1')));
  if (stat.isCharacterDevice() || stat.isBlockDevice()) fields.push(stat.rdev);
  if (!stat.isDirectory() && stat.nlink > 1n) {
    const first = firstNames.get(stat.ino) ?? path;
    firstNames.set(stat.ino, first);
    fields.push(stat.nlink, JSON.stringify(first));
  }
  return fields.join(' ');
}

/** Files of this size are mostly holes in any test that is to end soon. */
const hugeBytes = 1024 ** 3;
const blockBytes = 1024 * 1024;

/** Of what is not zero, with its place: reading a hole is quick, hashing it is not. */
async function hashOfData(full: Buffer): Promise<string> {
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(blockBytes);
  const block = Buffer.alloc(blockBytes);
  await using file = await open(full);
  for (let offset = 0; ;) {
    const { bytesRead } = await file.read(block, 0, blockBytes, offset);
    if (bytesRead === 0) return `data:${hash.digest('hex').slice(0, 32)}`;
    if (zeros.compare(block, 0, bytesRead, 0, bytesRead) !== 0)
      hash.update(`${offset}:`).update(block.subarray(0, bytesRead));
    offset += bytesRead;
  }
}

async function hashOfFile(full: Buffer, sizeBytes: number): Promise<string> {
  if (sizeBytes >= hugeBytes) return hashOfData(full);
  const hash = createHash('sha256');
  // A stream has a buffer of its own, which tens of thousands of small files need not pay for.
  if (sizeBytes <= blockBytes) hash.update(await readFile(full));
  else
    for await (const chunk of createReadStream(full, { highWaterMark: blockBytes }))
      hash.update(chunk as Buffer);
  return hash.digest('hex').slice(0, 32);
}
