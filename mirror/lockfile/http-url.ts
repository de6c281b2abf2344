/** An http or https URL as a lockfile spells it, taken apart without changing a character. */
export interface HttpUrl {
  readonly scheme: string;
  /** Host and port as spelled. */
  readonly authority: string;
  /** Path, query and fragment as spelled. */
  readonly rest: string;
  /** Lower case, without a final dot, IPv4 in its usual form, IPv6 in brackets. */
  readonly hostname: string;
  /** Empty where it is the scheme's own. */
  readonly port: string;
}

/**
 * Why a URL is left alone wherever it points: it holds `credentials`; its path climbs (`..`), so that it would lead out
 * of the mirror's address; or it is spelled so that programs may understand it differently.
 */
export type UrlProblem = 'credentials' | 'climbs' | 'spelling';

export type ReadUrl =
  | { readonly type: 'http'; readonly url: HttpUrl }
  | { readonly type: 'problem'; readonly problem: UrlProblem }
  | { readonly type: 'other' };

/** Reads a URL (RFC 3986). What is no http or https URL is `other`. */
export function readHttpUrl(text: string): ReadUrl {
  if (!/^\s*https?:/i.test(text)) return { type: 'other' };
  if (/^\s*https?:[\\/]*[^\\/?#]*@/i.test(text)) return { type: 'problem', problem: 'credentials' };
  const parts = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(text);
  const [, scheme = '', authority = '', rest = ''] = parts ?? [];
  // Parsers of URLs drop control characters and take a backslash for a slash.
  const isPlain = authorityPattern.test(authority) && !/[\p{Cc}\s\\]/u.test(text);
  if (parts === null || !isPlain || !URL.canParse(text)) {
    return { type: 'problem', problem: 'spelling' };
  }
  if (climbs(rest)) return { type: 'problem', problem: 'climbs' };
  const { hostname, port } = new URL(`${scheme}://${authority}`);
  const url = { scheme, authority, rest, hostname: hostname.replace(/\.$/, ''), port };
  return { type: 'http', url };
}

const authorityPattern = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::\d{1,5})?$/i;

function climbs(rest: string): boolean {
  const path = rest.replace(/[?#].*$/, '');
  return path.split(/\/|%2f|%5c/i).some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
}

/** The URL for people and logs: without credentials, query and fragment. */
export function displayUrl(text: string): string {
  const read = readHttpUrl(text);
  if (read.type === 'http') {
    const { scheme, authority, rest } = read.url;
    return `${scheme}://${authority}${rest.replace(/[?#].*$/, '')}`;
  }
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(text)?.[1] ?? '';
  if (read.type === 'other') return `${scheme}:...`;
  const host = URL.canParse(text) ? new URL(text).hostname : '';
  return `${scheme}://${read.problem === 'credentials' ? '***@' : ''}${host}/...`;
}

/** A registry, or a part of a host that is one: URLs at its host and below its path are its own. */
export interface RegistryAddress {
  readonly hostname: string;
  readonly port: string;
  /** Without a final slash; empty for the whole host. */
  readonly path: string;
}

/** Whether the URL is at the address, with http and https taken for the same. */
export function isAt({ hostname, port, rest }: HttpUrl, address: RegistryAddress): boolean {
  if (hostname !== address.hostname || port !== address.port) return false;
  return rest.startsWith(address.path) && /^(?:[/?#]|$)/.test(rest.slice(address.path.length));
}
