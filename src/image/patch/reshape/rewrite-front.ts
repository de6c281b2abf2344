import { editGroupTable, touchedBitmaps, type UseChanges } from '../../../ext4/edit-group-table.ts';
import { blockBytes, descriptorBytes } from '../../../ext4/format.ts';
import type { Geometry } from '../../../ext4/geometry.ts';
import { readSuperblock, superblockOffset } from '../../../ext4/superblock.ts';
import { encodeFirstBlock } from '../../../layout/encode-metadata.ts';
import type { RenumberRequest } from './renumber-inodes.ts';
import type { RewrittenDisk } from './rewritten-disk.ts';
import { unsure } from './unsure.ts';

/** The blocks of the front that changes touch: superblock, descriptors, bitmaps. */
export function frontBlocks(geometry: Geometry, changes: UseChanges): number[] {
  const bitmaps = touchedBitmaps(geometry, changes);
  const groups = bitmaps
    .filter((block) => block < geometry.inodeBitmapsStart)
    .map((block) => block - geometry.blockBitmapsStart);
  return [0, ...groups.map((group) => descriptorPlace(group).block), ...bitmaps];
}

/** Writes what is in use into bitmaps, descriptors and superblock. */
export function rewriteFront(
  { layout, pages }: Pick<RenumberRequest, 'layout' | 'pages'>,
  disk: Pick<RewrittenDisk, 'block'>,
  { changes, seed }: { readonly changes: UseChanges; readonly seed: number },
): void {
  const { geometry } = layout.before;
  const rootInode = pages.find('')?.inode ?? unsure('a tree without a root');
  const first = disk.block(0);
  const free = readSuperblock(first.subarray(superblockOffset));
  if (!first.equals(encodeFirstBlock({ geometry, rootInode, ...free }, seed)))
    unsure('another superblock');
  const more = editGroupTable(geometry, changes, {
    seed,
    front: {
      block: disk.block,
      descriptor(group) {
        const { block, offset } = descriptorPlace(group);
        return disk.block(block).subarray(offset, offset + descriptorBytes);
      },
    },
  });
  const freeBlocks = free.freeBlocks + more.freeBlocks;
  const freeInodes = free.freeInodes + more.freeInodes;
  encodeFirstBlock({ geometry, rootInode, freeBlocks, freeInodes }, seed).copy(first);
}

function descriptorPlace(group: number): { readonly block: number; readonly offset: number } {
  const at = group * descriptorBytes;
  return { block: 1 + Math.floor(at / blockBytes), offset: at % blockBytes };
}
