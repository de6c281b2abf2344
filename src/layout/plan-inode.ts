import { type BytePath, toDisplay } from '../bytes/byte-path.ts';
import { extentTreeBlocks } from '../ext4/extent-tree.ts';
import { blockBytes, blocksPerChunk, maxExtentBlocks } from '../ext4/format.ts';
import { maxInlineTargetBytes } from '../ext4/inode-record.ts';
import { planXattrs } from '../ext4/xattr-encoding.ts';
import { type FileInode, type Inode, maxSmallBytes } from '../tree/inode.ts';
import { checkInodeLimits } from './inode-limits.ts';
import type { DataRun, PlannedChild, PlannedInode } from './planned-inode.ts';

/**
 * What an inode takes of a disk, as far as it alone tells: the shape of a directory, links and places come later. Throws as
 * `checkInodeLimits` and `planXattrs` do.
 */
export function planInode(inode: Inode, path: BytePath): PlannedInode {
  checkInodeLimits(inode, path);
  const runs = dataRunsOf(inode);
  const extents = runs.reduce((sum, run) => sum + Math.ceil(run.blocks / maxExtentBlocks), 0);
  return {
    inode,
    path,
    xattrs: planXattrs(inode.xattrs, () => `/${toDisplay(path)}`),
    shape: null,
    children: inode.type === 'directory' ? [] : noChildren,
    dataRuns: runs,
    treeBlocks: extentTreeBlocks(extents),
    links: inode.type === 'directory' ? 2 : 0,
    inodeNumber: 0,
    parent: null,
    metadataStart: 0,
    dataStart: 0,
  };
}

const noChildren: PlannedChild[] = [];

const noRuns: readonly DataRun[] = [];

/** One for each number of blocks that a small file may have: there are tens of thousands of them. */
const runsOfSmall = Array.from({ length: maxSmallBytes / blockBytes + 1 }, (_, blocks) => [
  { logical: 0, offset: 0, blocks },
]);

function smallRuns(blocks: number): readonly DataRun[] {
  return runsOfSmall[blocks] ?? [{ logical: 0, offset: 0, blocks }];
}

function dataRunsOf(inode: Inode): readonly DataRun[] {
  if (inode.type === 'symlink')
    return inode.target.length > maxInlineTargetBytes ? smallRuns(1) : noRuns;
  return inode.type === 'file' ? fileRunsOf(inode) : noRuns;
}

function fileRunsOf(inode: FileInode): readonly DataRun[] {
  const fileBlocks = Math.ceil(inode.sizeBytes / blockBytes);
  if (inode.content.kind === 'zeros') return noRuns;
  if (inode.content.kind === 'small') return smallRuns(fileBlocks);
  let offset = 0;
  return inode.content.runs.map((run) => {
    const logical = run.start * blocksPerChunk;
    const blocks = Math.min(run.digests.length * blocksPerChunk, fileBlocks - logical);
    const planned = { logical, offset, blocks };
    offset += run.digests.length * blocksPerChunk;
    return planned;
  });
}
