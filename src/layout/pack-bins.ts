import type { BytePath } from '../bytes/byte-path.ts';
import { blockBytes, blocksPerChunk } from '../ext4/format.ts';
import { maxInlineTargetBytes } from '../ext4/inode-record.ts';
import type { Inode, SmallContent } from '../tree/inode.ts';
import type { TreeEntry } from '../tree/tree-order.ts';
import { binCutRate, salts } from './layout-parameters.ts';
import { pathHash } from './path-hash.ts';

/** What a bin holds of one inode: the bytes of a small file, or a link target too long for the inode. */
export type BinContent = SmallContent | { readonly kind: 'target'; readonly target: BytePath };

export interface BinItem {
  readonly inode: Inode;
  readonly content: BinContent;
  /** Position in the bin, in blocks. */
  readonly block: number;
  readonly sizeBytes: number;
}

/** A chunk that small contents share, each at a multiple of 4 KiB. */
export interface Bin {
  readonly items: readonly BinItem[];
  readonly blocks: number;
}

/**
 * Packs the small contents of a group, in order, into bins. A new bin begins where the next content would not fit,
 * and where the hash of a path says so: behind such a cut, what came before no longer matters.
 */
export function packBins(entries: readonly TreeEntry[]): Bin[] {
  const bins: Bin[] = [];
  let items: BinItem[] = [];
  let blocks = 0;
  const close = (): void => {
    if (items.length > 0) bins.push({ items, blocks });
    items = [];
    blocks = 0;
  };
  for (const entry of entries) {
    if (entry.firstPath !== entry.path) continue;
    const small = smallContentOf(entry.inode);
    if (small === null) continue;
    const wanted = Math.ceil(small.sizeBytes / blockBytes);
    const isCut = pathHash(entry.path, salts.binCut) % binCutRate === 0;
    if (isCut || blocks + wanted > blocksPerChunk) close();
    items.push({ inode: entry.inode, ...small, block: blocks });
    blocks += wanted;
  }
  close();
  return bins;
}

/** Names what a bin holds: two bins with the same key are the same chunk. */
export function binKey(items: readonly { content: BinContent; block: number }[]): string {
  return items
    .map(
      ({ content, block }) =>
        `${block}:${content.kind === 'small' ? content.digest : `>${content.target}`}`,
    )
    .join('\0');
}

function smallContentOf(inode: Inode): { content: BinContent; sizeBytes: number } | null {
  if (inode.type === 'symlink') {
    if (inode.target.length <= maxInlineTargetBytes) return null;
    return { content: { kind: 'target', target: inode.target }, sizeBytes: inode.target.length };
  }
  if (inode.type !== 'file' || inode.content.kind !== 'small') return null;
  return { content: inode.content, sizeBytes: inode.sizeBytes };
}
