import type { ContentProvider } from '../content-provider.ts';
import type { ImageSource } from '../image-source.ts';
import { maxManifestBytes } from '../manifest.ts';
import { corruptFailure, invalidImage, type Origin } from '../origin.ts';
import type { Platform } from '../platform.ts';
import { formatReference, type ImageReference } from '../reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { resolveImage } from '../resolve-image.ts';

export interface RegistrySourceOptions {
  readonly image: ImageReference;
  readonly platform: Platform;
  readonly client: RegistryClient;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An image in a registry. The tag is looked up once: what follows is asked for by digest. The client stays the
 * caller's. Throws the codes of `RegistryClient` and `resolveImage`.
 */
export async function openRegistrySource(options: RegistrySourceOptions): Promise<ImageSource> {
  const { image, platform, client, signal } = options;
  const found = await client.fetchManifest(image, signal);
  const pinned = { ...image, digest: found.digest };
  const description = `docker://${formatReference(pinned)}`;
  const origin: Origin = { description, corruptCode: 'registry_corrupt' };
  const provider = registryProvider(client, pinned, origin);
  const resolved = await resolveImage(provider, found, { platform, signal });
  return {
    description,
    resolvedDigest: found.digest,
    ...resolved,
    async [Symbol.asyncDispose]() {},
  };
}

function registryProvider(
  client: RegistryClient,
  reference: ImageReference,
  origin: Origin,
): ContentProvider {
  return {
    origin,
    async readManifest({ digest, sizeBytes }, signal) {
      if (sizeBytes > maxManifestBytes) {
        throw invalidImage(
          origin,
          `the manifest ${digest} is larger than ${maxManifestBytes} bytes`,
        );
      }
      const { bytes } = await client.fetchManifest({ ...reference, digest }, signal);
      if (bytes.length === sizeBytes) return bytes;
      const problem = `the manifest ${digest} has ${bytes.length} bytes instead of ${sizeBytes}`;
      throw corruptFailure(origin, problem, { data: { digest } });
    },
    readBlob: (blob, signal) => client.fetchBlob({ reference, blob, signal }),
    openBlob: (blob, signal) => client.openBlob({ reference, blob, signal }),
  };
}
