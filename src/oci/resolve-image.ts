import type { ContentProvider } from './content-provider.ts';
import {
  maxConfigBytes,
  parseImageConfig,
  platformOfConfig,
  type OciImageConfig,
} from './image-config.ts';
import type { ImageLayer } from './image-source.ts';
import { createImageLayer } from './layers/image-layer.ts';
import { parseManifest, type ImageIndex, type ImageManifest, type IndexEntry } from './manifest.ts';
import { manifestKind } from './media-types.ts';
import type { OciDigest } from './oci-digest.ts';
import { invalidImage, type Origin } from './origin.ts';
import {
  choosePlatform,
  formatPlatform,
  platformUnavailable,
  suitsPlatform,
  type Platform,
} from './platform.ts';

export interface FoundManifest {
  readonly bytes: Buffer;
  /** From a descriptor or Content-Type header; null where nothing says. */
  readonly mediaType: string | null;
  readonly digest: OciDigest;
}

export interface ResolvedImage {
  readonly manifestDigest: OciDigest;
  readonly config: OciImageConfig;
  readonly layers: readonly ImageLayer[];
}

/** An index in an index is allowed; a chain of them is somebody's trap. */
const maxIndexDepth = 4;

/**
 * Goes from a manifest or index to the image for `platform`: indexes followed, configuration read. Throws
 * `platform_unavailable` with what there is, `image_invalid`, `image_unsupported`, and what the provider throws.
 */
export async function resolveImage(
  provider: ContentProvider,
  start: FoundManifest,
  { platform, signal }: { platform: Platform; signal?: AbortSignal | undefined },
): Promise<ResolvedImage> {
  const { origin } = provider;
  let found = start;
  for (let depth = 0; depth <= maxIndexDepth; depth += 1) {
    const manifest = parseManifest(found.bytes, found.mediaType, origin);
    if (manifest.kind === 'image') {
      const config = await readConfig(provider, manifest, signal);
      checkPlatform(origin, config, platform);
      const layers = layersOf(provider, manifest, config);
      return { manifestDigest: found.digest, config, layers };
    }
    const entry = chooseEntry(manifest, platform, origin);
    const bytes = await provider.readManifest(entry, signal);
    found = { bytes, mediaType: entry.mediaType, digest: entry.digest };
  }
  throw invalidImage(origin, `indexes are nested more than ${maxIndexDepth} levels deep`);
}

/** Attestations and the like stand in indexes as `unknown/unknown`; artifacts without a platform. */
export function chooseEntry(index: ImageIndex, platform: Platform, origin: Origin): IndexEntry {
  const images = index.entries.filter((entry) => manifestKind(entry.mediaType) !== null);
  const chosen = choosePlatform(images, (entry) => entry.platform, platform);
  if (chosen !== undefined) return chosen;
  const unnamed = images.filter((entry) => entry.platform === null);
  const [only] = unnamed;
  if (only !== undefined && unnamed.length === 1) return only;
  const offered = images.flatMap((entry) => entry.platform ?? []);
  throw platformUnavailable(
    origin,
    platform,
    offered.filter((each) => formatPlatform(each) !== 'unknown/unknown'),
  );
}

async function readConfig(
  provider: ContentProvider,
  manifest: ImageManifest,
  signal: AbortSignal | undefined,
): Promise<OciImageConfig> {
  const { origin } = provider;
  if (manifest.config.sizeBytes > maxConfigBytes) {
    const size = manifest.config.sizeBytes;
    const problem = `the image configuration has ${size} bytes, more than the limit of ${maxConfigBytes}`;
    throw invalidImage(origin, problem);
  }
  const bytes = await provider.readBlob(manifest.config, signal);
  const config = parseImageConfig(bytes, origin);
  const diffIds = config.rootfs.diff_ids.length;
  if (diffIds !== manifest.layers.length) {
    const problem = `the manifest has ${manifest.layers.length} layers, the configuration ${diffIds} diff_ids`;
    throw invalidImage(origin, problem);
  }
  return config;
}

function checkPlatform(origin: Origin, config: OciImageConfig, wanted: Platform): void {
  const made = platformOfConfig(config);
  if (made !== null && !suitsPlatform(made, wanted)) {
    throw platformUnavailable(origin, wanted, [made]);
  }
}

function layersOf(
  provider: ContentProvider,
  manifest: ImageManifest,
  config: OciImageConfig,
): readonly ImageLayer[] {
  return manifest.layers.map((layer, index) =>
    createImageLayer({
      name: `layer ${index + 1} of ${manifest.layers.length}`,
      origin: provider.origin,
      digest: layer.digest,
      diffId: config.rootfs.diff_ids[index] ?? null,
      sizeBytes: layer.sizeBytes,
      compression: layer.compression,
      openKept: (signal) => provider.openBlob(layer, signal),
    }),
  );
}
