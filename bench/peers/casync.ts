import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';
import { run } from '../commands.ts';
import { storedBytes } from '../ashlar.ts';

/** What casync's chunk store keeps of several trees. */
export interface CasyncCount {
  readonly totalChunks: number;
  readonly distinctChunks: number;
  /** Plain bytes of all archives, and of the distinct chunks. */
  readonly totalBytes: number;
  readonly distinctBytes: number;
  /** Bytes of the store, compressed. */
  readonly storedBytes: number;
}

/**
 * Archives directories into one chunk store with casync's own chunk sizes (16, 64, 256 KiB). Directories and not disks:
 * that is what casync is for, and it fares better so.
 */
export async function countCasyncChunks(
  context: BenchContext,
  trees: readonly string[],
  workDir: string,
): Promise<CasyncCount> {
  const store = join(workDir, 'casync.castr');
  const sizes = new Map<string, number>();
  let totalChunks = 0;
  let totalBytes = 0;
  for (const [position, tree] of trees.entries()) {
    const index = join(workDir, `casync-${position}.caidx`);
    await run(context, { argv: ['casync', 'make', `--store=${store}`, index, tree] });
    for (const { id, sizeBytes } of readIndex(await readFile(index), index)) {
      totalChunks += 1;
      totalBytes += sizeBytes;
      sizes.set(id, sizeBytes);
    }
  }
  await checkAgainstStore(store, sizes.size);
  return {
    totalChunks,
    distinctChunks: sizes.size,
    totalBytes,
    distinctBytes: [...sizes.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0),
    storedBytes: await storedBytes(store),
  };
}

const headerBytes = 48;
const tableHeaderBytes = 16;
const itemBytes = 40;

/**
 * Chunks of an index file (casync, src/caformat.h: CaFormatIndex, CaFormatTable): a header of 48 bytes, a table header of
 * 16, then 40 bytes a chunk, its end in the archive and its id, and a tail of 40.
 */
function readIndex(bytes: Buffer, file: string): { id: string; sizeBytes: number }[] {
  const itemsBytes = bytes.length - headerBytes - tableHeaderBytes - itemBytes;
  if (itemsBytes < 0 || itemsBytes % itemBytes !== 0)
    throw new AshlarError('internal', `${file} is no index of casync as this reads it`);
  const chunks: { id: string; sizeBytes: number }[] = [];
  let start = 0;
  for (let at = headerBytes + tableHeaderBytes; at < bytes.length - itemBytes; at += itemBytes) {
    const end = Number(bytes.readBigUInt64LE(at));
    chunks.push({ id: bytes.toString('hex', at + 8, at + itemBytes), sizeBytes: end - start });
    start = end;
  }
  return chunks;
}

async function checkAgainstStore(store: string, distinctChunks: number): Promise<void> {
  const names = await readdir(store, { recursive: true });
  const found = names.filter((name) => name.endsWith('.cacnk')).length;
  if (found === distinctChunks) return;
  throw new AshlarError(
    'internal',
    `the store of casync holds ${found} chunks, its indexes name ${distinctChunks}`,
  );
}
