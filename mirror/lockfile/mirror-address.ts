import { AshlarError } from '../../src/index.ts';
import { type HttpUrl, readHttpUrl, type RegistryAddress } from './http-url.ts';

/** Where a mirror is reached, as clients are told. */
export interface MirrorAddress extends RegistryAddress {
  /** What URLs there begin with: scheme, host, port and path, without a final slash. */
  readonly prefix: string;
}

/**
 * What a URL's beginning becomes; the rest of it stays. Null where the URL stays as it is.
 */
export interface PrefixChange {
  readonly from: string;
  readonly to: string;
}

/** Below it a mirror serves registries by name: `<mirror>/-/via/<scheme>/<host[:port]>/<path and query>`. */
const viaPath = '/-/via/';

/** Throws `config_invalid` for what is no http or https URL of plain letters, or has credentials, a query or a fragment. */
export function parseMirrorAddress(text: string, option: string): MirrorAddress {
  const { url, path } = parseAddress(text, option);
  return {
    prefix: `${url.scheme.toLowerCase()}://${withPort(url)}${path}`,
    hostname: url.hostname,
    port: url.port,
    path,
  };
}

/** The same for a registry; a path limits what is taken for the registry's. */
export function parseRegistryAddress(text: string, option: string): RegistryAddress {
  const { url, path } = parseAddress(text, option);
  return { hostname: url.hostname, port: url.port, path };
}

function parseAddress(text: string, option: string): { url: HttpUrl; path: string } {
  const read = readHttpUrl(text);
  const isGood = read.type === 'http' && /^(?:\/[\w.~/-]*)?$/.test(read.url.rest);
  if (!isGood) {
    const what = /@/.test(text) ? 'an address with an @' : text;
    throw new AshlarError(
      'config_invalid',
      `${option} is not the http or https address of a registry, without credentials and query: ${what}`,
      { hint: `Write it as ${option} http://localhost:4873/.` },
    );
  }
  return { url: read.url, path: read.url.rest.replace(/\/+$/, '') };
}

function withPort({ hostname, port }: HttpUrl): string {
  return port === '' ? hostname : `${hostname}:${port}`;
}

/**
 * How a URL is written that a mirror shall serve. What is at `home`, the registry of this kind of lockfile, spelled as
 * `home` is, gets the mirror's address in its place; anything else keeps its scheme and host, as spelled, below
 * `/-/via/`, so that `fromMirror` gives the same characters back.
 */
export function toMirror(url: HttpUrl, mirror: MirrorAddress, home: string): PrefixChange {
  const from = `${url.scheme}://${url.authority}`;
  const isHome = from === home && !url.rest.startsWith(viaPath);
  const via = isHome ? '' : `${viaPath}${url.scheme}/${url.authority}`;
  return { from, to: `${mirror.prefix}${via}` };
}

/** What `toMirror` made of a URL, taken back; null for what it cannot have made. The URL has to be at the mirror. */
export function fromMirror(url: HttpUrl, mirror: MirrorAddress, home: string): PrefixChange | null {
  const base = `${url.scheme}://${url.authority}${mirror.path}`;
  const rest = url.rest.slice(mirror.path.length);
  if (!rest.startsWith(viaPath)) return { from: base, to: home };
  const [via, scheme = '', authority = ''] =
    /^\/-\/via\/(https?)\/([^/?#]+)(?=[/?#]|$)/i.exec(rest) ?? [];
  if (via === undefined) return null;
  const to = `${scheme}://${authority}`;
  if (readHttpUrl(`${to}${rest.slice(via.length)}`).type !== 'http') return null;
  return { from: `${base}${via}`, to };
}

/** What a path below `/-/via/` asks for. */
export interface ViaPath {
  readonly scheme: 'http' | 'https';
  /** In lower case, without a final dot, with a port where it is not the scheme's own. */
  readonly host: string;
  /** Path and query at that host; begins with a slash. */
  readonly rest: string;
}

/** Reads the path and query of a request to the mirror itself; null where it is none that `toMirror` writes. */
export function readViaPath(path: string): ViaPath | null {
  const [via = '', scheme = '', authority = ''] =
    /^\/-\/via\/(https?)\/([^/?#]+)(?=[/?#]|$)/i.exec(path) ?? [];
  const read = readHttpUrl(`${scheme}://${authority}${path.slice(via.length)}`);
  if (via === '' || read.type !== 'http') return null;
  const { url } = read;
  const isHttp = url.scheme.toLowerCase() === 'http';
  return {
    scheme: isHttp ? 'http' : 'https',
    host: withPort(url),
    rest: url.rest.startsWith('/') ? url.rest : `/${url.rest}`,
  };
}

/** Throws `config_invalid` where a mirror stands at one of the registries, so that nobody could tell them apart. */
export function requireApart(mirror: MirrorAddress, registries: readonly RegistryAddress[]): void {
  const isSame = registries.some(
    ({ hostname, port }) => hostname === mirror.hostname && port === mirror.port,
  );
  if (isSame) {
    throw new AshlarError(
      'config_invalid',
      `the mirror ${mirror.prefix}/ is at the host of a registry whose addresses are to be rewritten`,
      { hint: 'Name another mirror with --mirror, or leave that --registry out.' },
    );
  }
}
