import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchContext } from './benchmark.ts';
import { dedupDiskSize, type PreparedTree } from './dedup-trees.ts';
import { type ChunkCount, countDiskChunks, distinctShare, emptyCount } from './disk-chunks.ts';
import { countCasyncChunks } from './peers/casync.ts';
import { cloneAndWrite } from './peers/kernel-clone.ts';
import { makeDisk } from './peers/mke2fs.ts';
import type { Row, Sheet } from './sheet.ts';
import { updatedBase } from './trees.ts';

export interface PeerRequest {
  readonly context: BenchContext;
  readonly sheet: Sheet;
  readonly trees: readonly PreparedTree[];
  readonly workDir: string;
  /** Distinct share of the file bytes of all trees. */
  readonly fileShare: number;
  /** Bytes that ideal dedup of files stores. */
  readonly idealBytes: number;
}

/** How other ways of making disks, and casync, fare with the same trees. */
export async function comparePeers(request: PeerRequest): Promise<void> {
  const { sheet } = request;
  const parts = {
    'mke2fs -d': compareMke2fs,
    'ext4 of the kernel, on clones': compareClones,
    casync: compareCasync,
  };
  for (const [what, measure] of Object.entries(parts))
    await sheet.attempt('dedup', what, () => measure(request));
}

async function compareMke2fs(request: PeerRequest): Promise<void> {
  const { context, trees } = request;
  const count = emptyCount();
  for (const { directory } of trees) {
    const disk = join(request.workDir, 'mke2fs.ext4');
    await makeDisk(context, { directory, disk, diskSize: dedupDiskSize });
    await countAndRemove(context, disk, count);
  }
  request.sheet.add(shareRow('distinct share of chunks, mke2fs -d', distinctShare(count), request));
}

async function compareClones(request: PeerRequest): Promise<void> {
  const { context, trees, workDir } = request;
  const baseName = updatedBase(context.scale).after.name;
  const base = trees.find(({ recipe }) => recipe.name === baseName);
  if (base === undefined) return;
  const parentDisk = join(workDir, 'parent.ext4');
  const { directory } = base;
  await makeDisk(context, { directory, disk: parentDisk, diskSize: dedupDiskSize });
  const count = emptyCount();
  for (const { recipe, directory: tree } of trees) {
    if (recipe.name === baseName) continue;
    const disk = join(workDir, 'clone.ext4');
    await cloneAndWrite(context, { parentDisk, disk, tree });
    await countAndRemove(context, disk, count);
  }
  await countAndRemove(context, parentDisk, count);
  const what = `distinct share of chunks, ext4 of the kernel on clones of ${baseName}`;
  request.sheet.add(shareRow(what, distinctShare(count), request));
}

async function compareCasync(request: PeerRequest): Promise<void> {
  const { sheet, trees, idealBytes } = request;
  const count = await countCasyncChunks(
    request.context,
    trees.map(({ directory }) => directory),
    request.workDir,
  );
  const ofChunks = count.distinctChunks / count.totalChunks;
  const ofBytes = count.distinctBytes / count.totalBytes;
  sheet.add(
    shareRow('distinct share of chunks, casync (archives of directories)', ofChunks, request),
  );
  sheet.add(shareRow('the same by bytes: its chunks vary in size', ofBytes, request));
  sheet.add({
    bench: 'dedup',
    what: 'bytes of the chunk store, casync',
    target: null,
    measured: { value: count.storedBytes, unit: 'bytes' },
    peer: { name: 'ideal file-level dedup', value: idealBytes, unit: 'bytes' },
    ratio: count.storedBytes / idealBytes,
  });
}

async function countAndRemove(
  context: BenchContext,
  disk: string,
  count: ChunkCount,
): Promise<void> {
  context.say(`# counts the chunks of 64 KiB of ${disk} that are not zeros`);
  await countDiskChunks(disk, count);
  await rm(disk);
}

function shareRow(what: string, share: number, { fileShare }: PeerRequest): Row {
  return {
    bench: 'dedup',
    what,
    target: null,
    measured: { value: share, unit: 'share' },
    peer: { name: 'of file bytes', value: fileShare, unit: 'share' },
    ratio: share / fileShare,
  };
}
