import { tmpdir } from 'node:os';
import type { ImageSource } from './image-source.ts';
import { hostPlatform, parsePlatform, type Platform } from './platform.ts';
import type { RegistryClientOptions } from './registry/client-context.ts';
import type { RegistryClient } from './registry/registry-client.ts';
import { openDockerArchive } from './sources/docker-archive-source.ts';
import { openOciArchive, openOciDirectory } from './sources/oci-layout-source.ts';
import { openRegistrySource, type RegistrySourceOptions } from './sources/registry-source.ts';
import { parseSourceSpec } from './sources/source-spec.ts';
import { openTarSource } from './sources/tar-source.ts';

export interface ImageSourceOptions {
  /** `os/architecture[/variant]`; Linux on this machine's processor by default. */
  readonly platform?: string | Platform;
  /** Where compressed archives are made plain; the system's directory for temporary files by default. */
  readonly tmpDir?: string;
  /** A client that is shared with others, and stays the caller's. */
  readonly registryClient?: RegistryClient;
  /** For the client that is made when none is given; it lives as long as the source. */
  readonly registry?: RegistryClientOptions;
  readonly signal?: AbortSignal;
}

/**
 * Opens an image: `tar:FILE`, `oci:DIR[:tag]`, `oci-archive:FILE[:tag]`, `docker-archive:FILE[:repository:tag]`,
 * `docker://REFERENCE`. Manifest and configuration are read and verified here, layers as they are opened.
 *
 * Throws `source_invalid` (no such source, or not what it is said to be), `reference_invalid`, `source_corrupt`
 * (not what its own digests say), `image_invalid` (a manifest or configuration that breaks the format),
 * `image_unsupported` (schema 1, artifacts, encrypted or foreign layers), `platform_unavailable`, `disk_full`,
 * `tool_missing` (xz), `invalid_request` (a wrong platform), and the codes of `RegistryClient`.
 */
export async function openImageSource(
  source: string,
  options: ImageSourceOptions = {},
): Promise<ImageSource> {
  const { signal, tmpDir = tmpdir() } = options;
  const platform = platformOf(options.platform);
  const spec = parseSourceSpec(source);
  const common = { platform, tmpDir, signal };
  if (spec.kind === 'tar') return openTarSource(spec.path);
  if (spec.kind === 'oci') return openOciDirectory({ ...spec, ...common });
  if (spec.kind === 'oci-archive') return openOciArchive({ ...spec, ...common });
  if (spec.kind === 'docker-archive') return openDockerArchive({ ...spec, ...common });
  const { registryClient, registry } = options;
  const request = { image: spec.image, platform, signal };
  if (registryClient !== undefined)
    return openRegistrySource({ ...request, client: registryClient });
  // Loaded only here: it brings an HTTP client, which takes longer to load than a build with nothing changed.
  const { createRegistryClient } = await import('./registry/registry-client.ts');
  return openWithOwnClient(createRegistryClient(registry), request);
}

async function openWithOwnClient(
  client: RegistryClient,
  request: Omit<RegistrySourceOptions, 'client'>,
): Promise<ImageSource> {
  await using opening = new AsyncDisposableStack();
  opening.use(client);
  const opened = await openRegistrySource({ ...request, client });
  const held = opening.move();
  return { ...opened, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

function platformOf(platform: string | Platform | undefined): Platform {
  if (platform === undefined) return hostPlatform();
  return typeof platform === 'string' ? parsePlatform(platform) : platform;
}
