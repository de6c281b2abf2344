import {
  AshlarError,
  type BytePath,
  type Digest,
  type FileInode,
  type FileTree,
  hasCode,
  type ImageStore,
  parentOf,
  toDisplay,
} from '../../src/index.ts';
import { storedImageFiles } from '../files/stored-image-files.ts';
import { shownPath } from './obstacle.ts';
import { type ChangingTree, changeTree, newFile } from './record/change-tree.ts';
import { applyDifference } from './record/content-difference.ts';
import { inodeBaseOf, sameState, stateOf } from './record/name-state.ts';
import { readRecord } from './record/read-record.ts';
import { type Before, type RecordEntry, recordPath } from './record/setup-record.ts';

export interface UndoneSetup {
  readonly digest: Digest;
  /** What is as it was before. */
  readonly restored: readonly BytePath[];
  readonly left: readonly LeftName[];
}

/** A name that a setup changed and that stays as it is. */
export interface LeftName {
  readonly path: BytePath;
  readonly why: string;
}

/**
 * Takes out again what setups changed in an image, by the list that is in it, and gives the digest of the image without; that of the image
 * itself where it has no list. What was changed since stays, and is named. An image of which nothing was changed since is, to the last byte,
 * what it was before.
 */
export async function undoSetup(imageStore: ImageStore, image: Digest): Promise<UndoneSetup> {
  const restored: BytePath[] = [];
  const left: LeftName[] = [];
  const stored = await storedImageFiles(imageStore, image);
  if ((await stored.at(recordPath)) === null) return { digest: image, restored, left };
  const change = changeTree(imageStore, image, async (changing) => {
    await changing.load([recordPath]);
    const record = await readRecord(changing);
    if (record === null) throw noList(image);
    await loadTouched(changing, record.entries);
    changing.tree.remove(recordPath);
    for (const entry of record.entries.toReversed()) {
      const why = await restore(changing, entry);
      if (why === null) restored.push(entry.path);
      else left.push({ path: entry.path, why });
    }
    return {
      kind: 'setup-undone',
      of: image,
      left: left.map(({ path, why }) => ({ path: `/${toDisplay(path)}`, why })),
    };
  });
  const { digest } = await change.catch((error: unknown) => {
    // What the list would put there is nothing that a file can have.
    throw hasCode(error, 'layer_invalid') ? noList(image, error) : error;
  });
  return { digest, restored, left };
}

/** Reads all that restoring looks at. */
async function loadTouched(
  { load, loadChildren }: ChangingTree,
  entries: readonly RecordEntry[],
): Promise<void> {
  for (const { path, after, before } of entries) {
    await load([path]);
    if (after.type === 'directory') await loadChildren(path);
    if (before.type !== 'file') continue;
    if (before.linkedWith !== null) await load([before.linkedWith]);
    if ('movedTo' in before.content) await load([before.content.movedTo]);
  }
}

function noList(image: Digest, cause?: unknown): AshlarError {
  const path = shownPath(recordPath);
  return new AshlarError(
    'base_file_unusable',
    `${path} of the image ${image} is no list of changes`,
    {
      data: { image, path },
      cause,
      hint: 'Something in the image has written there; build or import the image again.',
    },
  );
}

/** Puts back what was under a name; says why where that is not done. */
async function restore(changing: ChangingTree, entry: RecordEntry): Promise<string | null> {
  const { tree } = changing;
  const { path, after, before } = entry;
  const node = tree.lookup(path);
  if (!sameState(stateOf(node), after)) return 'it was changed since';
  if (tree.lookup(parentOf(path))?.inode.type !== 'directory') return 'its directory is gone';
  // No setup puts anything in the place of a directory.
  if (before.type !== 'directory' && (node?.children?.size ?? 0) > 0)
    return 'other files are in it now';
  switch (before.type) {
    case 'nothing':
      if (node !== undefined) tree.remove(path);
      return null;
    case 'directory':
      tree.put(path, { type: 'directory', ...inodeBaseOf(before) });
      return null;
    case 'symlink':
      tree.put(path, { type: 'symlink', target: before.target, ...inodeBaseOf(before) });
      return null;
    case 'file': {
      const file = await fileBefore(changing, path, before);
      if (file === null) return 'what it was made of was changed since';
      tree.put(path, file);
      return null;
    }
  }
}

async function fileBefore(
  { tree, intake, read }: ChangingTree,
  path: BytePath,
  before: Extract<Before, { type: 'file' }>,
): Promise<FileInode | null> {
  const base = inodeBaseOf(before);
  const { content } = before;
  if ('movedTo' in content) {
    const moved = tree.lookup(content.movedTo)?.inode;
    return moved?.type === 'file' ? { ...moved, ...base } : null;
  }
  const bytes = applyDifference(content, await read(path));
  if (bytes === null) return null;
  const file = { ...(await newFile(intake, bytes, base)), xattrs: base.xattrs };
  return linked(tree, before.linkedWith, file) ?? file;
}

/** The inode of the other name of a hard link, if it is still the same. */
function linked(tree: FileTree, other: BytePath | null, file: FileInode): FileInode | null {
  const node = other === null ? undefined : tree.lookup(other);
  if (node?.inode.type !== 'file') return null;
  const isSame = sameState(stateOf(node), stateOf({ inode: file, children: null }));
  return isSame ? node.inode : null;
}
