/** The container clients that tests pull with, all from Debian. */
export const ociClientNames = [
  'docker',
  'containerd',
  'podman',
  'buildah',
  'skopeo',
  'umoci',
] as const;
export type OciClientName = (typeof ociClientNames)[number];

/** Where a client finds images. */
export interface CacheAccess {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly cacheUrl: string;
  /**
   * The host by which images are named. Clients cannot resolve it: they know no name but `localhost`, so what they pull
   * came through the cache.
   */
  readonly registry: string;
  /**
   * `mirror`: images are named `REGISTRY/IMAGE`, and the client's configuration sends it to the cache: docker's
   * `registry-mirrors` (for docker.io alone), containerd's `hosts.toml` (`?ns=REGISTRY`), a mirror with the path `/REGISTRY`
   * in `registries.conf`.
   * `direct`: images are named `127.0.0.1:PORT/REGISTRY/IMAGE`.
   * `root`: images are named `127.0.0.1:PORT/IMAGE`.
   */
  readonly way: 'mirror' | 'direct' | 'root';
}

export interface PullOptions {
  /** `OS/ARCHITECTURE` or `OS/ARCHITECTURE/VARIANT`; default `linux/amd64`. */
  readonly platform?: string;
  /** Of the client's pull alone; default 60 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** An image as the client tells of it, which has unpacked it. */
export interface PulledImage {
  /** As the client was asked for it. */
  readonly name: string;
  /**
   * Digests of manifests that the client says the name stands for: that of the index (docker, containerd), that of the
   * platform's manifest (buildah, umoci), or both (podman, skopeo).
   */
  readonly manifestDigests: readonly string[];
  /** Of the configuration; umoci's is another than the registry's where skopeo had to convert a Docker manifest to OCI. */
  readonly configDigest: string;
  /** `OS/ARCHITECTURE`, as the configuration has it. */
  readonly platform: string;
  /** As `listUnpacked` lists the unpacked root. */
  readonly files: readonly string[];
  /** Of the pull, without what was asked of the client afterwards. */
  readonly durationMs: number;
}

/** A client with a place of its own, engine included. Not for several pulls at once. */
export interface OciClient extends AsyncDisposable {
  readonly name: OciClientName;
  /** Of the program, as it tells it. */
  readonly version: string;
  /** All that it keeps is below; gone when it is disposed. */
  readonly directory: string;
  /**
   * Pulls `REPOSITORY:TAG` or `REPOSITORY@DIGEST` of the registry. Throws `CommandFailed` with the client's words when it
   * fails, and a DOMException named TimeoutError or the abort reason when it does not end.
   */
  pull(image: string, options?: PullOptions): Promise<PulledImage>;
  /** Makes it forget all images, layers, and parts of them: the next pull is cold. Needed before another platform of a name. */
  reset(): Promise<void>;
}

/** How the client is to name an image. */
export function imageName(access: CacheAccess, image: string): string {
  const { registry, way, cacheUrl } = access;
  const { host } = new URL(cacheUrl);
  if (way === 'mirror') return `${registry}/${image}`;
  return way === 'direct' ? `${host}/${registry}/${image}` : `${host}/${image}`;
}

export function parsePlatform(platform = 'linux/amd64') {
  const [os = '', architecture = '', variant] = platform.split('/');
  return { platform, os, architecture, variant };
}
