import type { Digest } from '../../digest/digest.ts';
import { fileSystemSeed } from '../../ext4/checksum-seed.ts';
import { blockBytes, blocksPerChunk, inodeBytes } from '../../ext4/format.ts';
import type { PutBlock } from '../../layout/encode-inode.ts';
import { fileSystemUuid } from '../../layout/layout-parameters.ts';
import { planInode } from '../../layout/plan-inode.ts';
import { keepsShape, renewRecord, type StandingInode } from '../../layout/renew-inode.ts';
import type { LayoutSink } from '../../layout/write-layout.ts';
import {
  type ChunkedContent,
  type Inode,
  sameContent,
  type SmallContent,
} from '../../tree/inode.ts';
import { editBlocks, type EditedDisk } from './edited-disk.ts';
import { type InodeChange, isSame } from './find-changes.ts';
import type { StandingInodes } from './standing-inodes.ts';

export interface DiskEditing {
  readonly disk: EditedDisk;
  readonly inodes: StandingInodes;
  readonly readSmall: LayoutSink['readSmall'];
}

/**
 * Puts an inode in the place of another on a disk: its record, its extended attributes, its content; gives where it stands.
 * Null when the layout would be another one; the disk is of no use then. Throws as `planInode` for an inode that no disk
 * holds.
 */
export async function editInode(
  editing: DiskEditing,
  change: InodeChange,
): Promise<StandingInode | null> {
  const { path, before, after } = change;
  const standing = await editing.inodes.find(path);
  if (after.type !== 'directory' && standing.links !== change.names) return null;
  if (isSame(change)) return standing;
  // Superblock, journal and lost+found have the times and owners of the root.
  if (path === '') return null;
  const [planned, replaced] = [planInode(after, path), planInode(before, path)];
  if (!keepsShape(replaced, planned)) return null;
  const seed = fileSystemSeed(fileSystemUuid);
  // What this layout does not give for the old inode, it may not give for the new one either.
  const expected = renewRecord(replaced, standing, seed, () => {});
  if (expected === null || !expected.equals(standing.record)) return null;
  const blocks: Parameters<PutBlock>[] = [];
  const record = renewRecord(planned, standing, seed, (...block) => blocks.push(block));
  if (record === null) return null;
  await putRecord(editing, standing, record);
  for (const [block, bytes] of blocks) {
    const target = await editBlocks(editing.disk, { block, count: 1, kind: 'metadata' });
    bytes.copy(target);
  }
  if (!sameContent(before, after)) await putContent(editing, change, standing.dataStart);
  return standing;
}

async function putRecord(
  { disk, inodes }: DiskEditing,
  { inodeNumber }: StandingInode,
  record: Buffer,
): Promise<void> {
  const { chunk, offset } = inodes.recordPlace(inodeNumber);
  const target = (await disk.chunk(chunk, 'metadata')).subarray(offset, offset + inodeBytes);
  record.copy(target);
}

async function putContent(
  { disk, readSmall }: DiskEditing,
  { before, after }: InodeChange,
  dataStart: number,
): Promise<void> {
  if (after.type === 'file' && after.content.kind === 'chunked') {
    replaceChunks(disk, { before, after: after.content, firstChunk: dataStart / blocksPerChunk });
    return;
  }
  const small = smallContentOf(after);
  if (small === null || dataStart === 0) return;
  const { content, sizeBytes } = small;
  const count = Math.ceil(sizeBytes / blockBytes);
  const target = await editBlocks(disk, { block: dataStart, count, kind: 'content' });
  target.fill(0);
  if (typeof content === 'string') target.write(content, 'latin1');
  else await readSmall(content, target.subarray(0, sizeBytes));
}

function smallContentOf(
  inode: Inode,
): { readonly content: SmallContent | string; readonly sizeBytes: number } | null {
  if (inode.type === 'symlink') return { content: inode.target, sizeBytes: inode.target.length };
  if (inode.type !== 'file' || inode.content.kind !== 'small') return null;
  return { content: inode.content, sizeBytes: inode.sizeBytes };
}

function replaceChunks(
  disk: EditedDisk,
  change: {
    readonly before: Inode;
    readonly after: ChunkedContent;
    readonly firstChunk: number;
  },
): void {
  const { before, after, firstChunk } = change;
  const old =
    before.type === 'file' && before.content.kind === 'chunked' ? digestsOf(before.content) : [];
  digestsOf(after).forEach((digest, position) => {
    if (digest !== old[position]) disk.replace(firstChunk + position, digest);
  });
}

function digestsOf({ runs }: ChunkedContent): Digest[] {
  return runs.flatMap(({ digests }) => digests);
}
