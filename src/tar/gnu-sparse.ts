import { headerNumberUpTo } from './header-number.ts';
import { addRun, type DataRun } from './sparse-map.ts';
import type { TarLimits } from './tar-limits.ts';
import type { TarPlace } from './tar-place.ts';

/**
 * Where a block has entries of a sparse map in the old GNU format (GNU tar manual, "Storing Sparse Files", "Old GNU
 * Format"): 4 in the header itself, 21 in each block that follows; behind them a byte that says whether one more
 * block follows.
 */
export interface GnuSparseTable {
  readonly start: number;
  readonly entries: number;
}
export const tableInHeader: GnuSparseTable = { start: 386, entries: 4 };
export const tableInExtension: GnuSparseTable = { start: 0, entries: 21 };

const numberBytes = 12;
const max = Number.MAX_SAFE_INTEGER;

/** Adds the runs of a block's table to `runs`, and says whether an extension block follows. */
export function readGnuSparseTable(
  block: Buffer,
  table: GnuSparseTable,
  context: { readonly runs: DataRun[]; readonly limits: TarLimits; readonly place: TarPlace },
): boolean {
  const end = table.start + table.entries * 2 * numberBytes;
  for (let at = table.start; at < end; at += 2 * numberBytes) {
    // An entry without a size ends the table.
    if (block[at + numberBytes] === 0) break;
    const offset = field('offset in the sparse map', at);
    const size = field('size in the sparse map', at + numberBytes);
    addRun(
      context.runs,
      {
        offset: headerNumberUpTo(block, offset, max, context.place),
        sizeBytes: headerNumberUpTo(block, size, max, context.place),
      },
      context,
    );
  }
  return block[end] !== 0;
}

function field(name: string, start: number): { name: string; start: number; length: number } {
  return { name, start, length: numberBytes };
}
