import { writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';
import type { Entry, Tree } from './tree.ts';

type EntryHeader = Partial<Header> & Pick<Header, 'name'>;

/** Of every entry, so that the same tree gives the same image. */
const mtime = new Date(1_700_000_000_000);

/** Writes a tree as a tar file, with its directories before what is in them; text is written byte for byte (latin1). */
export async function writeTar(tree: Tree, file: string): Promise<void> {
  const archive = pack();
  for (const [path, entry] of entriesOf(tree)) {
    const { header, content } = headerOf(path, entry);
    archive.entry(header, content);
  }
  archive.finalize();
  // Some hundred kilobytes.
  await writeFile(file, await buffer(archive));
}

function entriesOf(tree: Tree): readonly (readonly [string, Entry])[] {
  const all = new Map<string, Entry>();
  for (const path of Object.keys(tree).toSorted()) {
    const names = path.split('/');
    for (let depth = 1; depth < names.length; depth += 1) {
      const parent = names.slice(0, depth).join('/');
      if (!all.has(parent)) all.set(parent, tree[parent] ?? { directory: true });
    }
    const entry = tree[path];
    if (entry !== undefined) all.set(path, entry);
  }
  return [...all];
}

function headerOf(name: string, entry: Entry): { header: EntryHeader; content: Buffer } {
  const plain = typeof entry === 'string' ? { content: entry } : entry;
  const { uid = 0, gid = 0 } = plain;
  const common = { name, uid, gid, mtime };
  const content = Buffer.alloc(0);
  if ('directory' in plain)
    return { header: { ...common, type: 'directory', mode: plain.mode ?? 0o755 }, content };
  if ('target' in plain)
    return {
      header: { ...common, type: 'symlink', mode: 0o777, linkname: plain.target },
      content,
    };
  const bytes =
    typeof plain.content === 'string' ? Buffer.from(plain.content, 'latin1') : plain.content;
  const header: EntryHeader = {
    ...common,
    type: 'file',
    mode: plain.mode ?? 0o644,
    size: bytes.length,
  };
  return { header, content: bytes };
}
