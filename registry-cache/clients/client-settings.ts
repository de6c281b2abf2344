import { AshlarError } from '../../src/index.ts';
import type { CachedRegistry } from '../config/cached-registry.ts';
import { buildkitSettings } from './buildkit-settings.ts';
import { type CacheAddress, parseCacheAddress } from './cache-address.ts';
import type { ClientFiles } from './client-files.ts';
import { containerdSettings } from './containerd-settings.ts';
import { dockerSettings } from './docker-settings.ts';
import { podmanSettings } from './podman-settings.ts';
import type { TextEdit } from './text-edits.ts';

/** Programs that are told of the cache in ways of their own. What `podman` needs, buildah, skopeo and CRI-O need too. */
export const cacheClients = ['docker', 'containerd', 'podman', 'buildkit'] as const;
export type CacheClient = (typeof cacheClients)[number];

export interface ClientSettingsOptions {
  readonly client: CacheClient;
  /** The cache as the client sees it: `http[s]://host[:port]`. */
  readonly cacheUrl: string;
  /** Those that the client is to ask through the cache. */
  readonly registries: readonly CachedRegistry[];
  /** What is meant where a request names no registry: `root` of the cache's configuration. */
  readonly root: CachedRegistry;
  /**
   * How a client that can do both names the registry: with `?ns=`, or in front of the repository. Docker's engine and podman
   * can do one alone.
   */
  readonly form?: 'ns' | 'path';
  /** Whether the client asks the registry itself when the cache fails; docker's engine and BuildKit cannot be kept from it. */
  readonly fallback?: 'upstream' | 'none';
  /** Certificates in PEM by which the client is to know the cache, for one of https; default: it knows their authority already. */
  readonly authority?: string | null;
}

/** One file as it has to be. */
export interface SettingsFile {
  /** As it is seen inside the root. */
  readonly path: string;
  /** What is there now; null for nothing. */
  readonly before: string | null;
  readonly text: string;
  /** What makes `text` of `before`; none where nothing is there, or nothing is to be done. */
  readonly edits: readonly TextEdit[];
}

export interface ClientSettings {
  readonly client: CacheClient;
  readonly files: readonly SettingsFile[];
  /** Commands that make the client read what has changed; none where it reads its files each time. */
  readonly restart: readonly string[];
  /** What a person should know: registries that this client cannot ask through a cache, and the like. */
  readonly notes: readonly string[];
}

/** What the settings of one client are made of. */
export interface SettingsContext extends Required<
  Omit<ClientSettingsOptions, 'cacheUrl' | 'client'>
> {
  readonly cache: CacheAddress;
  readonly files: Pick<ClientFiles, 'read' | 'existsAsName' | 'list'>;
}

/**
 * The files that a client needs to pull through the cache, merged with what is there: other settings stay, in their order. Nothing
 * is changed. Throws `config_invalid` for files that cannot be read safely, or that say something else of the same registries.
 */
export async function clientSettings(
  {
    client,
    cacheUrl,
    form = 'ns',
    fallback = 'upstream',
    authority = null,
    registries,
    root,
  }: ClientSettingsOptions,
  files: SettingsContext['files'],
): Promise<ClientSettings> {
  if (registries.length === 0)
    throw new AshlarError('config_invalid', 'there is no registry to configure a client for');
  const cache = parseCacheAddress(cacheUrl);
  if (authority !== null && cache.scheme === 'http')
    throw new AshlarError(
      'config_invalid',
      `certificates are given for ${cache.origin}, which has no TLS`,
      { hint: 'Name the address of the cache where it has TLS: --cache-url https://host:port.' },
    );
  const made = await settingsOf[client]({
    cache,
    registries,
    root,
    form,
    fallback,
    authority,
    files,
  });
  const trust =
    cache.scheme === 'https' && authority === null
      ? [
          `${client} has to know the authority of ${cache.host}: where it is one of your own, add --ca FILE with its certificate.`,
        ]
      : [];
  return { client, ...made, notes: [...made.notes, ...trust] };
}

const settingsOf = {
  docker: dockerSettings,
  containerd: containerdSettings,
  podman: podmanSettings,
  buildkit: buildkitSettings,
} as const;
