import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { importImage, type ImportImageOptions } from '../../../../builder/import/import-image.ts';
import { createImageStore, type ImageStore } from '../../../../src/image/image-store.ts';
import type { WrittenImage } from '../../../../src/image/write-image.ts';
import { createLedger } from '../../../../src/ledger/ledger.ts';
import { openImageSource } from '../../../../src/oci/open-image-source.ts';
import { createMemoryObjectStore } from '../../../../src/store/memory-object-store.ts';
import type { TarRecord } from '../../../tar/support/tar-writer.ts';
import { buildImage, type TestLayer, writeLayout } from '../../../oci/support/build-image.ts';
import { tarOf } from './layer-records.ts';

export const diskBytes = 1024 ** 3;

export interface ImportRun {
  readonly imageStore: ImageStore;
  /** Where the import may keep temporary files. */
  readonly tempDir: string;
}

export function startRun(scratch: string): ImportRun & Disposable {
  const imageStore = createImageStore(createMemoryObjectStore(), null);
  const tempDir = join(scratch, 'tmp');
  mkdirSync(tempDir, { recursive: true });
  return {
    imageStore,
    tempDir,
    [Symbol.dispose]: () => imageStore[Symbol.dispose](),
  };
}

/** Imports what `openImageSource` understands. */
export async function importSource(
  run: ImportRun,
  spec: string,
  options: Partial<ImportImageOptions> = {},
): Promise<WrittenImage> {
  const { imageStore, tempDir } = run;
  const platform = 'linux/amd64';
  await using source = await openImageSource(spec, { tmpDir: tempDir, platform });
  const ledger = createLedger();
  return await importImage({ imageStore, source, diskBytes, tempDir, ledger, ...options });
}

/** Writes an OCI layout of these layers, the lowest first, and gives its source. */
export async function layoutOf(
  path: string,
  layers: readonly (readonly TarRecord[])[],
  compression: TestLayer['compression'] = 'none',
): Promise<string> {
  const tars = await Promise.all(layers.map(tarOf));
  return layoutOfTars(
    path,
    tars.map((tar) => ({ tar, compression })),
  );
}

export function layoutOfTars(path: string, layers: readonly TestLayer[]): string {
  const platform = { os: 'linux', architecture: 'amd64' };
  writeLayout(path, { image: buildImage({ layers, platform }) });
  return `oci:${path}:image`;
}

/** Whatever a failed import has left: images and tags in the store, names in the directory for temporary files. */
export async function leftovers({ imageStore, tempDir }: ImportRun): Promise<string[]> {
  const left: string[] = [];
  for (const prefix of ['images/', 'tags/', 'steps/'])
    for await (const { key } of imageStore.objects.list(prefix)) left.push(key);
  return [...left, ...readdirSync(tempDir)];
}
