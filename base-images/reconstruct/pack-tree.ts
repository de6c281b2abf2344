import { type Header, type Pack, pack } from 'tar-stream';
import type { ReconstructedFile, ReconstructedTree } from './reconstructed-tree.ts';

/** Of every entry, so that the same tree gives the same archive. */
const mtime = new Date(1_700_000_000_000);

/** A tree as a tar archive, its directories before what is in them. Names and text are UTF-8. */
export function packTree(tree: ReconstructedTree): Pack {
  const archive = pack();
  for (const [path, file] of inOrder(tree)) {
    const { content, ...header } = entryOf(file);
    archive.entry({ ...header, name: path, mtime }, content);
  }
  archive.finalize();
  return archive;
}

function inOrder(tree: ReconstructedTree): ReadonlyMap<string, ReconstructedFile> {
  const all = new Map<string, ReconstructedFile>();
  for (const path of Object.keys(tree).toSorted()) {
    const names = path.split('/');
    for (let depth = 1; depth <= names.length; depth += 1) {
      const place = names.slice(0, depth).join('/');
      if (!all.has(place)) all.set(place, tree[place] ?? { directory: true });
    }
  }
  return all;
}

function entryOf(file: ReconstructedFile): Partial<Header> & { readonly content: Buffer } {
  const plain = typeof file === 'string' ? { content: file } : file;
  const { uid = 0, gid = 0 } = plain;
  const content = Buffer.alloc(0);
  if ('directory' in plain)
    return { uid, gid, type: 'directory', mode: plain.mode ?? 0o755, content };
  if ('target' in plain)
    return { uid, gid, type: 'symlink', mode: 0o777, linkname: plain.target, content };
  return { uid, gid, type: 'file', mode: plain.mode ?? 0o644, content: Buffer.from(plain.content) };
}
