import { createHash } from 'node:crypto';
import type { Digest } from '../../../../src/digest/digest.ts';
import type { ImageStore } from '../../../../src/image/image-store.ts';
import { loadTree } from '../../../../src/image/load-tree.ts';
import { openImage } from '../../../../src/image/open-image.ts';
import { createFileReader, type FileReader } from '../../../../src/image/read-file.ts';
import { joinPath, type TreeNode } from '../../../../src/tree/file-tree.ts';
import type { Inode } from '../../../../src/tree/inode.ts';
import { collect } from '../../../oci/support/byte-streams.ts';

const typeBits: Readonly<Record<Inode['type'], number>> = {
  directory: 0o040000,
  file: 0o100000,
  symlink: 0o120000,
  char: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
  socket: 0o140000,
};

/** The tree of a stored image in the words of `listTree`, so that it can be held against a directory. */
export async function listImage(imageStore: ImageStore, digest: Digest): Promise<string[]> {
  const image = await openImage(imageStore, digest);
  const { tree } = await loadTree(imageStore, image);
  const reader = createFileReader(image);
  const lines: string[] = [];
  const names = namesOfInodes(tree.root);
  const firstNames = new Map<Inode, string>();
  const visit = async (path: string, node: TreeNode): Promise<void> => {
    const { inode } = node;
    const fields = await describe(path, inode, reader);
    const count = names.get(inode) ?? 1;
    if (inode.type !== 'directory' && count > 1) {
      const first = firstNames.get(inode) ?? path;
      firstNames.set(inode, first);
      fields.push(count, JSON.stringify(first));
    }
    lines.push(fields.join(' '));
    const children = [...(node.children ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, child] of children) await visit(joinPath(path, name), child);
  };
  await visit('', tree.root);
  return lines;
}

/** The same of a path and all below it, in few words: contents in quotes, links, modes of directories. */
export async function sketchImage(
  imageStore: ImageStore,
  digest: Digest,
): Promise<ReadonlyMap<string, string>> {
  const image = await openImage(imageStore, digest);
  const { tree } = await loadTree(imageStore, image);
  const reader = createFileReader(image);
  const sketches = new Map<string, string>();
  const firstNames = new Map<Inode, string>();
  const visit = async (path: string, node: TreeNode): Promise<void> => {
    const first = firstNames.get(node.inode);
    if (first === undefined || node.children !== null) {
      firstNames.set(node.inode, path);
      sketches.set(path, await sketch(node.inode, reader));
    } else sketches.set(path, `= ${first}`);
    const children = [...(node.children ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, child] of children) await visit(joinPath(path, name), child);
  };
  await visit('', tree.root);
  return sketches;
}

async function describe(
  path: string,
  inode: Inode,
  reader: FileReader,
): Promise<(string | number | bigint)[]> {
  const { uid, gid, mtime } = inode;
  const mode = (inode.mode | typeBits[inode.type]).toString(8);
  const mtimeNs = BigInt(mtime.sec) * 1_000_000_000n + BigInt(mtime.nsec);
  const fields = [JSON.stringify(path), mode, uid, gid, mtimeNs];
  if (inode.type === 'file') fields.push(inode.sizeBytes, await hashOf(reader.read(inode)));
  if (inode.type === 'symlink') fields.push(JSON.stringify(inode.target));
  if ('major' in inode) fields.push(deviceNumber(inode.major, inode.minor));
  return fields;
}

async function sketch(inode: Inode, reader: FileReader): Promise<string> {
  if (inode.type === 'directory') return `dir ${inode.mode.toString(8)}`;
  if (inode.type === 'symlink') return `-> ${inode.target}`;
  if ('major' in inode) return `${inode.type} ${inode.major}:${inode.minor}`;
  if (inode.type !== 'file') return inode.type;
  const content = await collect(reader.read(inode));
  return JSON.stringify(content.toString('latin1'));
}

function namesOfInodes(root: TreeNode): Map<Inode, number> {
  const names = new Map<Inode, number>();
  const visit = ({ inode, children }: TreeNode): void => {
    names.set(inode, (names.get(inode) ?? 0) + 1);
    for (const child of children?.values() ?? []) visit(child);
  };
  visit(root);
  return names;
}

async function hashOf(bytes: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex').slice(0, 32);
}

/** As Linux gives it to programs (gnu_dev_makedev). */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & ~0xfffn) << 32n) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | (low & 0xffn)
  );
}
