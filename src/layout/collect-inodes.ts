import { type BytePath, toDisplay } from '../bytes/byte-path.ts';
import { planDirectory } from '../ext4/directory-blocks.ts';
import { extentTreeBlocks } from '../ext4/extent-tree.ts';
import { blockBytes, blocksPerChunk, maxDirectoryLinks, maxExtentBlocks } from '../ext4/format.ts';
import { maxInlineTargetBytes } from '../ext4/inode-record.ts';
import { planXattrs } from '../ext4/xattr-encoding.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { nameOf, parentOf } from '../tree/file-tree.ts';
import type { DirectoryInode, FileInode, Inode } from '../tree/inode.ts';
import type { TreeEntry } from '../tree/tree-order.ts';
import { checkInodeLimits } from './inode-limits.ts';
import { directoryHashSeed } from './layout-parameters.ts';
import type { DataRun, PlannedInode } from './planned-inode.ts';

export interface CollectedInodes {
  readonly root: PlannedInode;
  readonly byInode: ReadonlyMap<Inode, PlannedInode>;
  /** The directory that e2fsck wants and the tree does not have; null where the tree has it. */
  readonly lostAndFound: PlannedInode | null;
}

const maxFileLinks = 65_000;

/**
 * Finds each inode of an ordered tree once, with its names, links and the shape of its directories. Throws
 * `image_too_large` for what ext4 cannot hold: a name over 255 bytes, over 65,000 hard links, an inode beyond its limits.
 */
export function collectInodes(entries: readonly TreeEntry[]): CollectedInodes {
  const byInode = new Map<Inode, PlannedInode>();
  const directories = new Map<BytePath, PlannedInode>();
  let root: PlannedInode | undefined;
  for (const entry of entries) {
    const known = byInode.get(entry.inode);
    if (known?.inode.type === 'directory')
      throw new AshlarError('internal', `two directories share an inode: ${toDisplay(entry.path)}`);
    const planned = known ?? planInode(entry);
    byInode.set(entry.inode, planned);
    if (entry.inode.type === 'directory') directories.set(entry.path, planned);
    if (entry.path === '') root = planned;
    else addChild(directories, entry, planned);
  }
  if (root === undefined)
    throw new AshlarError('internal', 'a tree without a root cannot be laid out');
  root.parent = root;
  const lostAndFound = addLostAndFound(root);
  for (const planned of byInode.values()) shapeDirectory(planned);
  if (lostAndFound !== null) shapeDirectory(lostAndFound);
  return { root, byInode, lostAndFound };
}

function planInode(entry: TreeEntry): PlannedInode {
  const { inode, path } = entry;
  checkInodeLimits(inode, path);
  const runs = dataRunsOf(inode);
  const extents = runs.reduce((sum, run) => sum + Math.ceil(run.blocks / maxExtentBlocks), 0);
  return {
    inode,
    path,
    xattrs: planXattrs(inode.xattrs, `/${toDisplay(path)}`),
    shape: null,
    children: [],
    dataRuns: runs,
    treeBlocks: extentTreeBlocks(extents),
    links: inode.type === 'directory' ? 2 : 0,
    inodeNumber: 0,
    parent: null,
    metadataStart: 0,
    dataStart: 0,
  };
}

function addChild(
  directories: ReadonlyMap<BytePath, PlannedInode>,
  entry: TreeEntry,
  planned: PlannedInode,
): void {
  const parent = directories.get(parentOf(entry.path));
  const name = nameOf(entry.path);
  if (parent === undefined)
    throw new AshlarError('internal', `no directory for /${toDisplay(entry.path)}`);
  if (name.length > 255) {
    throw new AshlarError(
      'image_too_large',
      `the name of /${toDisplay(entry.path)} is longer than 255 bytes`,
      {
        data: { path: toDisplay(entry.path) },
        hint: 'Give the file a shorter name; Linux file systems take 255 bytes.',
      },
    );
  }
  parent.children.push({ name, inode: planned });
  if (entry.inode.type === 'directory') {
    planned.parent = parent;
    parent.links += 1;
    return;
  }
  planned.links += 1;
  if (planned.links > maxFileLinks) {
    throw new AshlarError(
      'image_too_large',
      `/${toDisplay(planned.path)} has over ${maxFileLinks} hard links`,
      {
        data: { path: toDisplay(planned.path) },
        hint: 'Replace some of the hard links with copies or symbolic links.',
      },
    );
  }
}

function addLostAndFound(root: PlannedInode): PlannedInode | null {
  if (root.children.some((child) => child.name === 'lost+found')) return null;
  const inode: DirectoryInode = {
    ...(root.inode as DirectoryInode),
    mode: 0o700,
    uid: 0,
    gid: 0,
    xattrs: [],
  };
  const planned = planInode({ path: 'lost+found', inode, firstPath: 'lost+found' });
  planned.parent = root;
  root.children.push({ name: 'lost+found', inode: planned });
  root.links += 1;
  return planned;
}

function shapeDirectory(planned: PlannedInode): void {
  if (planned.inode.type !== 'directory') return;
  planned.shape = planDirectory(
    planned.children.map((child) => child.name),
    directoryHashSeed,
    `/${toDisplay(planned.path)}`,
  );
  planned.treeBlocks = extentTreeBlocks(Math.ceil(planned.shape.blocks / maxExtentBlocks));
  if (planned.links >= maxDirectoryLinks) planned.links = 1;
}

function dataRunsOf(inode: Inode): DataRun[] {
  if (inode.type === 'symlink')
    return inode.target.length > maxInlineTargetBytes ? [{ logical: 0, offset: 0, blocks: 1 }] : [];
  return inode.type === 'file' ? fileRunsOf(inode) : [];
}

function fileRunsOf(inode: FileInode): DataRun[] {
  const fileBlocks = Math.ceil(inode.sizeBytes / blockBytes);
  if (inode.content.kind === 'zeros') return [];
  if (inode.content.kind === 'small') return [{ logical: 0, offset: 0, blocks: fileBlocks }];
  let offset = 0;
  return inode.content.runs.map((run) => {
    const logical = run.start * blocksPerChunk;
    const blocks = Math.min(run.digests.length * blocksPerChunk, fileBlocks - logical);
    const planned = { logical, offset, blocks };
    offset += run.digests.length * blocksPerChunk;
    return planned;
  });
}
