import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked } from '../../../../src/process/run-command.ts';
import { listUnpacked } from '../../../support/oci-clients/unpacked-root.ts';
import { whole } from '../../../support/oci-registry/bytes.ts';
import { makeImage } from '../../../support/oci-registry/made-image.ts';
import { parseManifest } from '../../../support/oci-registry/parse-manifest.ts';

export type TruePlatform = 'linux/amd64' | 'linux/arm64';

/** What a client has to have after a pull of one platform. */
export interface ImageTruth {
  readonly manifestDigest: string;
  readonly configDigest: string;
  readonly layerDigests: readonly string[];
  /** As `listUnpacked` lists the root that tar alone has unpacked. */
  readonly files: readonly string[];
}

export interface MultiImage {
  /** For the recorded registry. */
  readonly recipe: NonNullable<Parameters<typeof makeImage>[0]>;
  readonly indexDigest: string;
  readonly platforms: Readonly<Record<TruePlatform, ImageTruth>>;
}

/** An image of three layers for two platforms, which has nothing in common with those of other seeds. Works in `directory`. */
export async function makeMultiImage(directory: string, seed: number): Promise<MultiImage> {
  const platforms = ['linux/arm64', 'linux/amd64'] as const;
  const recipe = { seed, platforms, layerBytes: [600_000, 20_000, 5_000] };
  const { manifests, blobs } = await makeImage(recipe);
  const [arm64, amd64, index] = manifests;
  if (arm64 === undefined || amd64 === undefined || index === undefined)
    throw new TypeError('an image without its manifests');
  const truth = async (manifest: typeof arm64): Promise<ImageTruth> => {
    const { config, layers = [] } = parseManifest(manifest.bytes);
    const root = join(directory, manifest.digest.slice(-12));
    await mkdir(root);
    for (const { digest } of layers) {
      const layer = blobs.find((blob) => blob.digest === digest);
      if (layer === undefined) throw new TypeError(`no layer ${digest}`);
      await writeFile(`${root}.tgz`, whole(layer.bytes));
      const unpack = ['-xzpf', `${root}.tgz`, '-C', root, '--numeric-owner', '--same-owner'];
      await runChecked('tar', unpack);
    }
    return {
      manifestDigest: manifest.digest,
      configDigest: config?.digest ?? '',
      layerDigests: layers.map(({ digest }) => digest),
      files: await listUnpacked(root),
    };
  };
  return {
    recipe,
    indexDigest: index.digest,
    platforms: { 'linux/amd64': await truth(amd64), 'linux/arm64': await truth(arm64) },
  };
}
