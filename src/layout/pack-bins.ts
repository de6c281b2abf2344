import type { BytePath } from '../bytes/byte-path.ts';
import { blockBytes } from '../ext4/format.ts';
import { maxInlineTargetBytes } from '../ext4/inode-record.ts';
import { parentOf } from '../tree/file-tree.ts';
import type { Inode, SmallContent } from '../tree/inode.ts';
import type { KnownEntry } from '../tree/tree-order.ts';
import type { BinPlace } from '../tree/tree-page.ts';
import { binLimits, salts } from './layout-parameters.ts';
import { pathHash } from './path-hash.ts';
import { splitSequence } from './split-sequence.ts';

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

interface SmallItem {
  readonly inode: Inode;
  readonly content: BinContent;
  readonly sizeBytes: number;
  readonly hash: number;
}

/**
 * Packs the small contents of a group, in order, into bins: cut between directories rather than within one, else where
 * the hash of the last two names of the path says so. A directory that is there twice is then mostly cut alike, and
 * gives the same bins.
 */
export function packBins(entries: readonly KnownEntry[]): Bin[] {
  const items = smallItems(entries);
  const sequence = {
    weights: items.map(({ sizeBytes }) => blocksOf(sizeBytes)),
    hashes: items.map(({ hash }) => hash),
  };
  return splitSequence(sequence, binLimits).map(({ start, end }) =>
    fillBin(items.slice(start, end)),
  );
}

/** Where each inode of a group has its small content: the number of the bin, and the block in it. */
export function placesInBins(bins: readonly Bin[]): Map<Inode, BinPlace> {
  return new Map(
    bins.flatMap((bin, number) =>
      bin.items.map(({ inode, block }) => [inode, { bin: number, block }] as const),
    ),
  );
}

function smallItems(entries: readonly KnownEntry[]): SmallItem[] {
  const items: SmallItem[] = [];
  let directory: BytePath | undefined;
  for (const { path, firstPath, inode } of entries) {
    if (inode === null || firstPath !== path) continue;
    const small = smallContentOf(inode);
    if (small === null) continue;
    const isFirst = parentOf(path) !== directory;
    directory = parentOf(path);
    items.push({ inode, ...small, hash: cutHash(path, isFirst) });
  }
  return items;
}

/** 53 bits: the first in a directory above all others, then the last two names, then the whole path where they are equal. */
function cutHash(path: BytePath, isFirst: boolean): number {
  const high = pathHash(lastTwoNames(path), salts.binCut) + (isFirst ? 2 ** 32 : 0);
  return high * 2 ** 20 + (pathHash(path, salts.binCut) >>> 12);
}

function fillBin(contents: readonly SmallItem[]): Bin {
  const items: BinItem[] = [];
  let blocks = 0;
  for (const { inode, content, sizeBytes } of contents) {
    items.push({ inode, content, sizeBytes, block: blocks });
    blocks += blocksOf(sizeBytes);
  }
  return { items, blocks };
}

function lastTwoNames(path: BytePath): BytePath {
  const parent = path.lastIndexOf('/', path.lastIndexOf('/') - 1);
  return path.slice(parent + 1);
}

function blocksOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockBytes);
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
