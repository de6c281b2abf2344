import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type BuildEvent,
  buildImage,
  type BuildImageOptions,
  type BuiltImage,
  hostArchitecture,
  importImage,
} from '../../../builder/index.ts';
import {
  createImageStore,
  createLedger,
  type Digest,
  type ImageStore,
  type LedgerSummary,
  setTag,
} from '../../../src/index.ts';
import { openImageSource } from '../../../src/oci/open-image-source.ts';
import { openObjectStore } from '../../../src/store/open-object-store.ts';
import { type TreeSketch, writeTree } from '../context/make-tree.ts';
import { makeBaseArchive } from './base-tree.ts';
import { type StoredImage, viewImage } from './stored-image.ts';

export { whyNoSteps } from '../run/fixture.ts';
export { baseTimeSec } from './base-tree.ts';

export const mib = 1024 ** 2;

/** A place to build in: a home with a store, and a base image named `base:test`. */
export interface BuildBench extends AsyncDisposable {
  readonly path: string;
  readonly home: string;
  readonly store: ImageStore;
  /** The archive that the base was imported from. */
  readonly baseArchive: string;
  readonly base: Digest;
  /** Makes a new directory with these files. */
  context(files: TreeSketch): Promise<string>;
  build(dockerfile: string, options?: BuildOptions): Promise<Built>;
  /** An image by its digest or name. */
  image(reference: string): Promise<StoredImage>;
  /** A second state directory that shares the store. */
  otherHome(): Promise<BuildBench>;
}

export interface BuildOptions extends Partial<
  Omit<BuildImageOptions, 'home' | 'contextDir' | 'dockerfile' | 'emit'>
> {
  /** Files of the context, or a directory that is there already. */
  readonly context?: TreeSketch | string;
  readonly onEvent?: (event: BuildEvent) => void;
}

export interface Built extends BuiltImage {
  readonly events: readonly BuildEvent[];
  /** `cached`, `done` or `config` of every step, in order. */
  readonly outcomes: readonly string[];
  /** All that commands printed. */
  readonly output: string;
  readonly warnings: readonly string[];
  readonly ledger: LedgerSummary;
}

export async function createBuildBench(): Promise<BuildBench> {
  const path = await mkdtemp(join(tmpdir(), 'ashlar-build-'));
  const baseArchive = await makeBaseArchive(path);
  const storeUrl = pathToFileURL(join(path, 'store')).href;
  const place = { path, baseArchive, storeUrl, home: join(path, 'home') };
  await mkdir(place.home);
  const objects = await openObjectStore(storeUrl);
  const store = createImageStore(objects, place.home);
  const base = await importArchive(store, { archive: baseArchive, name: 'base:test', home: path });
  return benchAt({ ...place, store, base });
}

type Place = Pick<BuildBench, 'path' | 'home' | 'store' | 'baseArchive' | 'base'> & {
  readonly storeUrl: string;
};

function benchAt(place: Place): BuildBench {
  const { path, home, store } = place;
  const context = async (files: TreeSketch): Promise<string> => {
    const directory = await mkdtemp(join(path, 'context-'));
    await writeTree(directory, files);
    return directory;
  };
  return {
    ...place,
    context,
    async build(dockerfile, options = {}) {
      const { context: files = {}, ...rest } = options;
      const contextDir = typeof files === 'string' ? files : await context(files);
      const file = join(await mkdtemp(join(path, 'dockerfile-')), 'Dockerfile');
      await writeFile(file, dockerfile);
      return runBuild(place, { ...rest, contextDir, dockerfile: file });
    },
    image: (reference) => viewImage(store, reference),
    async otherHome() {
      const other = await mkdtemp(join(path, 'home-'));
      const objects = await openObjectStore(place.storeUrl);
      return benchAt({ ...place, home: other, store: createImageStore(objects, other) });
    },
    // The directory goes with the bench that all others came from.
    async [Symbol.asyncDispose]() {
      store[Symbol.dispose]();
      if (home === join(path, 'home')) await rm(path, { recursive: true, force: true });
    },
  };
}

async function runBuild(
  { store, home }: Place,
  options: Omit<BuildOptions, 'context'> & { contextDir: string; dockerfile: string },
): Promise<Built> {
  const { onEvent, ...rest } = options;
  const events: BuildEvent[] = [];
  const ledger = createLedger();
  const built = await buildImage({
    imageStore: store,
    home,
    target: undefined,
    buildArgs: {},
    platform: { os: 'linux', architecture: hostArchitecture() },
    diskBytes: undefined,
    defaultDiskBytes: 256 * mib,
    cache: 'use',
    pull: 'if-missing',
    tags: [],
    runs: {
      limits: { memoryBytes: 512 * mib, pids: 200, timeoutMs: 60_000 },
      network: 'none',
      mounts: [],
      env: {},
    },
    openRegistryImage: () => Promise.reject(new Error('these tests have no registry')),
    ledger,
    accept: () => Promise.resolve(),
    nowMs: Date.now,
    signal: new AbortController().signal,
    ...rest,
    emit(event) {
      events.push(event);
      onEvent?.(event);
    },
  });
  return {
    ...built,
    events,
    outcomes: events.flatMap((event) => (event.kind === 'step-end' ? event.result.outcome : [])),
    output: events
      .flatMap((event) => (event.kind === 'step-output' ? event.chunk.toString('utf8') : []))
      .join(''),
    warnings: events.flatMap((event) => (event.kind === 'warning' ? event.rule : [])),
    ledger: ledger.summary(),
  };
}

/** Imports a root file system and names it. */
export async function importArchive(
  imageStore: ImageStore,
  { archive, name, home }: { archive: string; name: string; home: string },
): Promise<Digest> {
  const tempDir = join(home, 'tmp');
  await mkdir(tempDir, { recursive: true });
  const signal = new AbortController().signal;
  await using source = await openImageSource(`tar:${archive}`, { tmpDir: tempDir, signal });
  const ledger = createLedger();
  const diskBytes = 256 * mib;
  const written = await importImage({ imageStore, source, diskBytes, tempDir, ledger });
  await setTag(imageStore.objects, { name, image: written.digest, nowMs: Date.now() });
  return written.digest;
}
