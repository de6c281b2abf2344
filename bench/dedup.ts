import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, createTempDir, type Digest } from '../src/index.ts';
import { type Ashlar, ashlarIn, storedBytes } from './ashlar.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { run } from './commands.ts';
import { comparePeers } from './dedup-peers.ts';
import { dedupDiskSize, type PreparedTree, prepareTrees } from './dedup-trees.ts';
import { type FileContents, sumContents } from './file-level.ts';
import { type ChunkKind, type ImageFacts, readImageFacts } from './image-facts.ts';
import type { Row, Sheet } from './sheet.ts';
import { reorderedPair, updatedBase } from './trees.ts';
import { formatValue } from './units.ts';

const bench = 'dedup';

/** What several images made independently cost together, beside ideal dedup of whole files and beside other layouts. */
export const dedup: Benchmark = {
  name: bench,
  async run(context, sheet) {
    await using work = await createTempDir(context.workDir, 'dedup');
    const seen: FileContents = new Map();
    const trees = await prepareTrees(context, work.path, seen);
    const ideal = sumContents(seen.values());
    const totalBytes = trees.reduce((sum, tree) => sum + tree.files.totalBytes, 0);
    const fileShare = ideal.sizeBytes / totalBytes;
    sheet.note(
      `dedup: ${trees.length} root file systems of ${formatValue(totalBytes, 'bytes')} in all, each by an mmdebstrap of its own (${trees.map(({ recipe }) => recipe.name).join(', ')}); ideal file-level dedup keeps ${(fileShare * 100).toFixed(1)} % of the bytes.`,
    );
    const ashlar = ashlarIn(context, join(work.path, 'ashlar'));
    const sizes = await importTrees(context, ashlar, trees);
    const images = new Map<string, ImageFacts>();
    for (const { recipe } of trees)
      images.set(recipe.name, await readImageFacts(ashlar.storeUrl, recipe.name));
    sheet.add(storedRow(sizes.at(-1) ?? 0, ideal.storedBytes));
    sheet.add(chunkRow([...images.values()], fileShare));
    sheet.note(`dedup: distinct of all chunks: ${countKinds([...images.values()])}.`);
    const idealBytes = ideal.storedBytes;
    await comparePeers({ context, sheet, trees, workDir: work.path, fileShare, idealBytes });
    addReordered(context, sheet, images);
    addMetadata(sheet, images);
    await sheet.attempt(bench, 'a security update', () =>
      addUpdate(context, { sheet, trees, sizes }),
    );
  },
};

/** Imports one tree after the other; gives the size of the store after each. */
async function importTrees(
  context: BenchContext,
  ashlar: Ashlar,
  trees: readonly PreparedTree[],
): Promise<number[]> {
  const sizes: number[] = [];
  for (const { recipe, archive } of trees) {
    const source = ['image', 'import', `tar:${archive}`];
    await run(context, ashlar.command([...source, '-t', recipe.name, '--disk', dedupDiskSize]));
    sizes.push(await storedBytes(ashlar.storeDir));
  }
  return sizes;
}

function storedRow(stored: number, ideal: number): Row {
  return {
    bench,
    what: 'bytes of the store for all images',
    target: { bound: 'at most', limit: 1.1, of: 'ratio' },
    measured: { value: stored, unit: 'bytes' },
    peer: { name: 'ideal file-level dedup', value: ideal, unit: 'bytes' },
    ratio: stored / ideal,
  };
}

function chunkRow(images: readonly ImageFacts[], fileShare: number): Row {
  const distinct = new Set(images.flatMap(digestsOf));
  const total = images.reduce((sum, image) => sum + image.chunks.length, 0);
  const share = distinct.size / total;
  return {
    bench,
    what: 'distinct share of chunks',
    target: { bound: 'at most', limit: 1.1, of: 'ratio' },
    measured: { value: share, unit: 'share' },
    peer: { name: 'of file bytes', value: fileShare, unit: 'share' },
    ratio: share / fileShare,
  };
}

/** How much each kind of chunk has in the distinct ones and in all. */
function countKinds(images: readonly ImageFacts[]): string {
  const all = images.flatMap((image) => image.chunks);
  const kinds: readonly ChunkKind[] = ['large files', 'small files', 'metadata'];
  const counts = kinds.map((wanted) => {
    const chunks = all.filter(({ kind }) => kind === wanted).map(({ digest }) => digest);
    return `${wanted} ${new Set(chunks).size} of ${chunks.length}`;
  });
  return counts.join(', ');
}

function digestsOf(image: ImageFacts | undefined): readonly Digest[] {
  return image?.chunks.map(({ digest }) => digest) ?? [];
}

function addReordered(
  context: BenchContext,
  sheet: Sheet,
  images: ReadonlyMap<string, ImageFacts>,
): void {
  const [left, right] = reorderedPair(context.scale).map(
    ({ name }) => new Set(digestsOf(images.get(name))),
  );
  if (left === undefined || right === undefined) return;
  sheet.add({
    bench,
    what: 'same packages in another order: chunks of the smaller image that both have',
    target: { bound: 'at least', limit: 0.95, of: 'measured' },
    measured: {
      value:
        [...left].filter((digest) => right.has(digest)).length / Math.min(left.size, right.size),
      unit: 'share',
    },
    peer: null,
    ratio: null,
  });
}

/** The image with the largest share of metadata is the one that is judged. */
function addMetadata(sheet: Sheet, images: ReadonlyMap<string, ImageFacts>): void {
  const shares = [...images].map(([name, facts]) => ({
    name,
    share: facts.metadataBytes / facts.storedBytes,
  }));
  const sorted = shares.toSorted((left, right) => right.share - left.share);
  const [largest] = sorted;
  if (largest === undefined) return;
  sheet.add({
    bench,
    what: `metadata in the stored bytes of an image, the largest share (${largest.name})`,
    target: { bound: 'at most', limit: 0.02, of: 'measured' },
    measured: { value: largest.share, unit: 'share' },
    peer: null,
    ratio: null,
  });
  const all = sorted.map(({ name, share }) => `${name} ${(share * 100).toFixed(2)} %`);
  sheet.note(`dedup: metadata in the stored bytes of each image: ${all.join(', ')}.`);
}

async function addUpdate(
  context: BenchContext,
  found: {
    readonly sheet: Sheet;
    readonly trees: readonly PreparedTree[];
    readonly sizes: readonly number[];
  },
): Promise<void> {
  const names = updatedBase(context.scale);
  const before = found.trees.findIndex(({ recipe }) => recipe.name === names.before.name);
  const after = found.trees.findIndex(({ recipe }) => recipe.name === names.after.name);
  const old = found.trees[before];
  const young = found.trees[after];
  if (old === undefined || young === undefined) return;
  const changed = [...young.files.contents].filter(([digest]) => !old.files.contents.has(digest));
  const added = (found.sizes[after] ?? 0) - (found.sizes[before] ?? 0);
  const ideal = sumContents(changed.map(([, content]) => content)).storedBytes;
  const updates = await updatedPackages(old.directory, young.directory);
  if (updates.size === 0)
    throw new AshlarError('internal', 'the archives offer no update for any package of the base');
  found.sheet.note(
    `dedup: the security update is real: the base of the release alone, then the base with its security and updates archives; ${updates.size} packages differ, ${changed.length} contents are new.`,
  );
  found.sheet.add({
    bench,
    what: 'a security update of a base adds to the store',
    target: { bound: 'at most', limit: 1.1, of: 'ratio' },
    measured: { value: added, unit: 'bytes' },
    peer: { name: 'of changed files', value: ideal, unit: 'bytes' },
    ratio: added / ideal,
  });
}

/** Names of packages that have another version, or are only in one of two trees. */
async function updatedPackages(old: string, young: string): Promise<ReadonlySet<string>> {
  const before = await packageVersions(old);
  const after = await packageVersions(young);
  const names = [...before.keys(), ...after.keys()];
  return new Set(names.filter((name) => before.get(name) !== after.get(name)));
}

async function packageVersions(root: string): Promise<ReadonlyMap<string, string>> {
  const status = await readFile(join(root, 'var/lib/dpkg/status'), 'utf8');
  const versions = new Map<string, string>();
  for (const paragraph of status.split('\n\n')) {
    const name = /^Package: (.*)$/m.exec(paragraph)?.[1];
    const version = /^Version: (.*)$/m.exec(paragraph)?.[1];
    if (name !== undefined && version !== undefined) versions.set(name, version);
  }
  return versions;
}
