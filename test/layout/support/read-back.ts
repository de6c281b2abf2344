import { createHash } from 'node:crypto';
import { runChecked } from '../../../src/process/run-command.ts';
import type { FileTree, TreeNode } from '../../../src/tree/file-tree.ts';
import { chunkBytes, type FileInode, type Inode, type Timestamp } from '../../../src/tree/inode.ts';
import { modeTypeBits } from '../../../src/ext4/format.ts';
import type { ContentBank } from './content-bank.ts';

/** What `listTree` has to say of a mounted image of this tree. */
export function expectedListing(tree: FileTree, bank: ContentBank): string[] {
  const names = namesOf(tree);
  const firstNames = new Map<Inode, string>();
  const counts = new Map<Inode, number>();
  for (const { inode } of names) counts.set(inode, (counts.get(inode) ?? 0) + 1);
  return names.map(({ path, inode }) => {
    const fields = [
      JSON.stringify(path),
      (modeTypeBits[inode.type] | inode.mode).toString(8),
      inode.uid,
      inode.gid,
      nanoseconds(inode.mtime),
    ];
    if (inode.type === 'file') fields.push(inode.sizeBytes, hashOf(inode, bank));
    if (inode.type === 'symlink') fields.push(JSON.stringify(inode.target));
    if (inode.type === 'char' || inode.type === 'block')
      fields.push(
        String(
          BigInt(inode.major) * 256n +
            BigInt(inode.minor & 0xff) +
            (BigInt(inode.minor >> 8) << 20n),
        ),
      );
    const count = counts.get(inode) ?? 1;
    if (inode.type !== 'directory' && count > 1) {
      const first = firstNames.get(inode) ?? path;
      firstNames.set(inode, first);
      fields.push(count, JSON.stringify(first));
    }
    return fields.join(' ');
  });
}

/** The extended attributes that a mounted image of this tree has, one a line, in order. */
export function expectedXattrs(tree: FileTree): string[] {
  return namesOf(tree)
    .flatMap(({ path, inode }) =>
      inode.xattrs.map(
        ({ name, value }) => `${JSON.stringify(path)} ${name} ${value.toString('hex')}`,
      ),
    )
    .toSorted();
}

/** The extended attributes below a directory, one a line, in order; `lost+found` in the root is left out. */
export async function readXattrs(root: string): Promise<string[]> {
  const args = ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '.'];
  const { stdout } = await runChecked('getfattr', args, { cwd: root, keepBytes: 64 * 1024 * 1024 });
  const lines: string[] = [];
  let path = '';
  for (const line of stdout.toString('latin1').split('\n')) {
    if (line.startsWith('# file: ')) path = unescaped(line.slice(8)).replace(/^\.(\/|$)/, '');
    else if (line !== '' && path !== 'lost+found') {
      const [name = '', value = '0x'] = line.split('=');
      const hex = value === '""' ? '' : value.replace(/^0x/, '');
      lines.push(`${JSON.stringify(path)} ${unescaped(name)} ${hex}`);
    }
  }
  return lines.toSorted();
}

/** All names in the order of `listTree`: depth first, by their bytes. */
function namesOf(tree: FileTree): { path: string; inode: Inode }[] {
  const names: { path: string; inode: Inode }[] = [];
  const visit = (path: string, node: TreeNode): void => {
    names.push({ path, inode: node.inode });
    const children = [...(node.children ?? [])].toSorted(([left], [right]) =>
      left < right ? -1 : 1,
    );
    for (const [name, child] of children) {
      if (path === '' && name === 'lost+found') continue;
      visit(path === '' ? name : `${path}/${name}`, child);
    }
  };
  visit('', tree.root);
  return names;
}

/** As ext4 can hold it: from 1901 to 2446, but for the years from 2310 that e2fsck takes for pre-1970. */
function nanoseconds({ sec, nsec }: Timestamp): string {
  const isMistaken = sec >= 10_737_418_240 && sec < 12_884_901_888;
  const held = isMistaken
    ? 10_737_418_239
    : Math.min(2 ** 34 - 2 ** 31 - 1, Math.max(-(2 ** 31), sec));
  return String(BigInt(held) * 1_000_000_000n + BigInt(nsec));
}

function hashOf(inode: FileInode, bank: ContentBank): string {
  const hash = createHash('sha256');
  const { content, sizeBytes } = inode;
  if (content.kind === 'small') hash.update(known(bank.bytesOf(content.digest)));
  else {
    const zeros = Buffer.alloc(chunkBytes);
    const chunks = new Map<number, Buffer>();
    for (const run of content.kind === 'chunked' ? content.runs : [])
      run.digests.forEach((digest, index) =>
        chunks.set(run.start + index, known(bank.bytesOf(digest))),
      );
    for (let start = 0; start < sizeBytes; start += chunkBytes) {
      const chunk = chunks.get(start / chunkBytes) ?? zeros;
      hash.update(chunk.subarray(0, Math.min(chunkBytes, sizeBytes - start)));
    }
  }
  return hash.digest('hex').slice(0, 32);
}

function known(bytes: Buffer | undefined): Buffer {
  if (bytes === undefined) throw new Error('the bank does not have a content of the tree');
  return bytes;
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
