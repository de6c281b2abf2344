import type { Algorithm } from './digest.ts';
import {
  blobOf,
  descriptorOf,
  type MadeBlob,
  type MadeContent,
  type MadeManifest,
  manifestOf,
  parsePlatform,
} from './made-content.ts';
import { type Compression, type MadeLayer, makeLayer } from './made-layer.ts';
import { mediaTypes } from './media-types.ts';

/** As JSON it reaches a registry in another process. */
export interface ImageRecipe {
  /** A layer depends on seed, platform, its place and its size: images of one seed share what they have in common. Default 1. */
  readonly seed?: number;
  /** Default 3. */
  readonly layers?: number;
  /** Of the contents of each layer, before compression; a list gives each its own, and their number. Default 100 kB. */
  readonly layerBytes?: number | readonly number[];
  /** `linux/amd64`, ...: an index of these. Left out: a manifest of linux/amd64 alone. */
  readonly platforms?: readonly string[];
  /** Default gzip. */
  readonly compression?: Compression;
  /** Default `noise`, which no compression makes smaller, and which takes no memory. */
  readonly content?: 'noise' | 'text';
  /** Default oci. */
  readonly types?: 'oci' | 'docker';
  /** Of all digests but diff IDs. Default sha256. */
  readonly algorithm?: Algorithm;
}

/** An image that container engines pull and unpack. The same recipe gives the same bytes. */
export async function makeImage(recipe: ImageRecipe = {}): Promise<MadeContent> {
  if (recipe.platforms === undefined) return makeForPlatform(recipe, 'linux/amd64');
  const blobs = new Map<string, MadeBlob>();
  const manifests: MadeManifest[] = [];
  for (const platform of recipe.platforms) {
    const made = await makeForPlatform(recipe, platform);
    for (const blob of made.blobs) blobs.set(blob.digest, blob);
    manifests.push(...made.manifests);
  }
  const { platforms, types = 'oci', algorithm } = recipe;
  const index = manifestOf(
    {
      schemaVersion: 2,
      mediaType: mediaTypes[types].index,
      manifests: manifests.map((manifest, at) => ({
        ...descriptorOf(manifest),
        platform: parsePlatform(platforms[at] ?? ''),
      })),
    },
    algorithm,
  );
  return { manifests: [...manifests, index], blobs: [...blobs.values()] };
}

async function makeForPlatform(recipe: ImageRecipe, platform: string): Promise<MadeContent> {
  const { types = 'oci', compression = 'gzip', algorithm = 'sha256' } = recipe;
  const layers = await makeLayers(recipe, platform);
  const config = blobOf(JSON.stringify(configOf(layers, platform)), algorithm);
  const names = mediaTypes[types];
  const manifest = manifestOf(
    {
      schemaVersion: 2,
      mediaType: names.manifest,
      config: descriptorOf(config, names.config),
      layers: layers.map((layer) => descriptorOf(layer, names.layer[compression])),
    },
    algorithm,
  );
  const blobs = layers.map(({ digest, bytes }) => ({ digest, bytes }));
  return { manifests: [manifest], blobs: [config, ...blobs] };
}

async function makeLayers(recipe: ImageRecipe, platform: string): Promise<MadeLayer[]> {
  const { seed = 1, layerBytes = 100_000, layers = 3 } = recipe;
  const sizes =
    typeof layerBytes === 'number' ? Array.from({ length: layers }, () => layerBytes) : layerBytes;
  const made: MadeLayer[] = [];
  for (const [index, sizeBytes] of sizes.entries()) {
    made.push(
      await makeLayer({
        seed: `${seed} ${platform} ${index}`,
        name: `layer-${index}`,
        sizeBytes,
        compression: recipe.compression ?? 'gzip',
        content: recipe.content ?? 'noise',
        algorithm: recipe.algorithm ?? 'sha256',
      }),
    );
  }
  return made;
}

/** OCI image specification, config.md. */
function configOf(layers: readonly MadeLayer[], platform: string): object {
  const created = '2020-01-01T00:00:00Z';
  return {
    created,
    ...parsePlatform(platform),
    config: { Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['/bin/true'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, index) => ({ created, created_by: `layer ${index}` })),
  };
}
