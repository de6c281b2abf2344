import { type BytePath, nameOf, parentOf } from '../../src/index.ts';
import type { ImageFile, ImageFiles } from './image-files.ts';
import { imageFilesFrom } from './image-files-from.ts';

interface Owned {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * What is done to one name. The path has no symbolic link on the way, and no leading slash. A directory that is put onto
 * a directory keeps what is in it; anything else replaces what was there, with all below it. `mode` leaves the content.
 */
export type FileChange =
  | ({ readonly path: BytePath; readonly kind: 'file'; readonly content: Buffer } & Owned)
  | ({ readonly path: BytePath; readonly kind: 'directory' } & Owned)
  | ({ readonly path: BytePath; readonly kind: 'symlink'; readonly target: BytePath } & Owned)
  | ({ readonly path: BytePath; readonly kind: 'mode' } & Owned)
  | { readonly path: BytePath; readonly kind: 'remove' };

/** What changes have left of a name. */
interface Layered {
  readonly file: ImageFile | null;
  /** Null where the content is that of the files below. */
  readonly content: Buffer | null;
  /** Whether nothing is seen any more of what the files below have under this name. */
  readonly hidesBelow: boolean;
}

/**
 * Files as they will be after changes, which are made one after the other. Nothing is copied but what the changes bring;
 * a change whose directory is not there has no effect that is seen.
 */
export async function changedFiles(
  files: ImageFiles,
  changes: readonly FileChange[],
): Promise<ImageFiles> {
  const layer = createLayer(files);
  for (const change of changes) await layer.apply(change);
  return imageFilesFrom(layer);
}

function createLayer(files: ImageFiles) {
  const known = new Map<BytePath, Layered>();
  const namesIn = new Map<BytePath, Set<BytePath>>();

  const isHidden = (path: BytePath): boolean => {
    for (let at = path; at !== ''; at = parentOf(at))
      if (known.get(at)?.hidesBelow === true) return true;
    return known.get('')?.hidesBelow === true;
  };
  const lookup = async (path: BytePath): Promise<ImageFile | null> => {
    const layered = known.get(path);
    if (layered !== undefined) return layered.file;
    if (isHidden(path)) return null;
    // Found elsewhere, it is behind a link: not what lies at this path.
    const file = await files.at(path);
    return file?.path === path ? file : null;
  };
  const forgetBelow = (path: BytePath): void => {
    for (const other of known.keys())
      if (other !== path && (path === '' || other.startsWith(`${path}/`))) known.delete(other);
  };
  const put = (path: BytePath, layered: Layered): void => {
    known.set(path, layered);
    if (path === '') return;
    const siblings = namesIn.get(parentOf(path)) ?? new Set();
    namesIn.set(parentOf(path), siblings.add(nameOf(path)));
  };
  return {
    lookup,
    async apply(change: FileChange): Promise<void> {
      const { path } = change;
      const before = await lookup(path);
      if (change.kind === 'mode') {
        const { mode, uid, gid } = change;
        const { content = null, hidesBelow = false } = known.get(path) ?? {};
        if (before !== null)
          put(path, { file: { ...before, mode, uid, gid }, content, hidesBelow });
        return;
      }
      const keeps = change.kind === 'directory' && before?.type === 'directory';
      if (!keeps) forgetBelow(path);
      const hidesBelow = keeps ? (known.get(path)?.hidesBelow ?? false) : true;
      put(path, { file: fileOf(change), content: contentOf(change), hidesBelow });
    },
    async list(directory: BytePath): Promise<readonly BytePath[]> {
      const below = isHidden(directory) ? [] : await files.names(directory);
      const names = new Set([...below, ...(namesIn.get(directory) ?? [])]);
      const prefix = directory === '' ? '' : `${directory}/`;
      return [...names].filter((name) => {
        const layered = known.get(`${prefix}${name}`);
        return layered === undefined ? below.includes(name) : layered.file !== null;
      });
    },
    async read({ path, sizeBytes }: ImageFile): Promise<Buffer> {
      const content = known.get(path)?.content ?? null;
      if (content !== null) return Buffer.from(content);
      return (await files.read(path, { maxBytes: sizeBytes })) ?? Buffer.alloc(0);
    },
  };
}

function contentOf(change: FileChange): Buffer | null {
  return change.kind === 'file' ? change.content : null;
}

function fileOf(change: Exclude<FileChange, { kind: 'mode' }>): ImageFile | null {
  if (change.kind === 'remove') return null;
  const { path, kind, mode, uid, gid } = change;
  return {
    path,
    type: kind,
    mode,
    uid,
    gid,
    sizeBytes: kind === 'file' ? change.content.length : 0,
    target: kind === 'symlink' ? change.target : null,
  };
}
