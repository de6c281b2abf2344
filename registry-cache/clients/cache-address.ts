import { AshlarError } from '../../src/index.ts';
import type { CachedRegistry } from '../config/cached-registry.ts';
import { isLoopbackHost } from '../config/registry-host.ts';

/** A cache as its clients reach it. */
export interface CacheAddress {
  /** `http://cache.example:5000`, without a slash at the end. */
  readonly origin: string;
  readonly scheme: 'http' | 'https';
  /** With the port, if it is not the usual one. */
  readonly host: string;
  readonly isLoopback: boolean;
}

/** Throws `config_invalid`. */
export function parseCacheAddress(text: string): CacheAddress {
  const url = URL.parse(text);
  const isPlain =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.href === `${url.origin}/` &&
    /^[a-z0-9.:[\]_-]+$/.test(url.host);
  if (!isPlain) {
    throw new AshlarError(
      'config_invalid',
      'the address of the cache is no plain http or https address',
      {
        hint: 'Write it as http[s]://host[:port], without a path: clients ask for /v2/ at the root.',
      },
    );
  }
  return {
    origin: url.origin,
    scheme: url.protocol === 'http:' ? 'http' : 'https',
    host: url.host,
    isLoopback: isLoopbackHost(url.hostname),
  };
}

/**
 * The name of a registry as the first part of a repository, which can have no port. Throws `config_invalid` where the registry has
 * no name without one.
 */
export function pathPrefix({ name, aliases }: CachedRegistry): string {
  const prefix = [name, ...aliases].find((host) => !/[:[]/.test(host));
  if (prefix !== undefined) return prefix;
  throw new AshlarError('config_invalid', `${name} cannot stand in a path, as it has a port`, {
    data: { registry: name },
    hint: `Give it an alias without one in the configuration of the cache: "aliases": [${JSON.stringify(name.replace(/^\[.*\]/, 'registry.local').replace(':', '_'))}].`,
  });
}

/** The registry itself, where clients go when the cache fails. */
export function ownOrigin({ name, endpoints }: CachedRegistry): string {
  const own = endpoints.find(({ host }) => host === name);
  if (own !== undefined) return own.origin;
  if (name === 'docker.io') return 'https://registry-1.docker.io';
  return `${isLoopbackHost(name.replace(/:\d+$/, '')) ? 'http' : 'https'}://${name}`;
}
