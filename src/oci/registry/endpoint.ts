import { AshlarError } from '../../errors/ashlar-error.ts';

/** Where requests for the images of one registry go: the registry itself, or a mirror of it. */
export interface Endpoint {
  /** `scheme://host[:port]`. */
  readonly origin: string;
  readonly host: string;
  /** Put before the name of the repository: `prefix/` for a mirror with a path, else empty. */
  readonly prefix: string;
  /** What credentials are looked up for; a mirror never gets those of the registry. */
  readonly credentialHost: string;
}

export interface EndpointOptions {
  /** `http` or `https` for hosts (`host[:port]` as in references) where the default is wrong. */
  readonly schemes?: Readonly<Record<string, 'http' | 'https'>> | undefined;
  /**
   * Base URLs that are asked before the registry, by registry (`docker.io`). A path becomes a prefix of the
   * repository: `http://cache:5000/hub` serves `docker.io/library/x` as `/v2/hub/library/x/`.
   */
  readonly mirrors?: Readonly<Record<string, readonly string[]>> | undefined;
}

/**
 * Where the images of a registry are: its mirrors, in the order in which they are asked, and the registry itself.
 * Loopback registries are spoken to over plain http, all others over https. Throws `config_invalid` for a wrong
 * mirror URL.
 */
export function endpointsOf(
  registry: string,
  { schemes = {}, mirrors = {} }: EndpointOptions,
): { readonly mirrors: readonly Endpoint[]; readonly registry: Endpoint } {
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const scheme = schemes[registry] ?? (isLoopback(hostnameOf(registry)) ? 'http' : 'https');
  return {
    mirrors: (mirrors[registry] ?? []).map(mirrorEndpoint),
    registry: { origin: `${scheme}://${host}`, host, prefix: '', credentialHost: registry },
  };
}

/** `localhost`, 127.0.0.0/8 and [::1]. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** A host without its port. */
export function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, '');
}

function mirrorEndpoint(text: string): Endpoint {
  const url = URL.parse(text);
  const isPlain =
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === '';
  if (!isPlain) {
    throw new AshlarError('config_invalid', 'a registry mirror is not a plain http or https URL', {
      hint: 'Write a mirror as http[s]://host[:port][/prefix], without user, query or fragment.',
    });
  }
  const path = url.pathname.replaceAll(/^\/+|\/+$/g, '');
  return {
    origin: url.origin,
    host: url.host,
    prefix: path === '' ? '' : `${path}/`,
    credentialHost: url.host,
  };
}
