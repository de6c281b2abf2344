import type { IncomingHttpHeaders } from 'node:http';
import { credentialView, publicView, type View } from '../access/view.ts';
import type { CacheConfig } from '../config/cache-config.ts';
import type { CachedRegistry } from '../config/cached-registry.ts';

/**
 * Who reads a registry. A client's login reaches a registry only where the operator has said that clients log in to it, and where
 * the login is meant for that one: its user is `REGISTRY/USER`, or just a user where no other registry takes logins. Anything else,
 * and tokens that some other service gave, are not sent on: such a client reads what anybody reads.
 */
export function readView(
  headers: IncomingHttpHeaders,
  registry: CachedRegistry,
  { config, secret }: { readonly config: CacheConfig; readonly secret: Buffer },
): View {
  const login = loginOf(headers);
  if (login === null || !registry.clientCredentials) return publicView(registry);
  const named = config.registries.find(({ name }) => login.username.startsWith(`${name}/`));
  const takers = config.registries.filter(({ clientCredentials }) => clientCredentials);
  const meant = named ?? (takers.length === 1 ? takers[0] : undefined);
  if (meant !== registry) return publicView(registry);
  const username =
    named === undefined ? login.username : login.username.slice(named.name.length + 1);
  if (username === '') return publicView(registry);
  return credentialView(registry, { kind: 'password', username, password: login.password }, secret);
}

interface Login {
  readonly username: string;
  readonly password: string;
}

/** A header of the kind Basic (RFC 7617); null for none, and for what is no such header. */
export function loginOf({ authorization }: IncomingHttpHeaders): Login | null {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization?.trim() ?? '')?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return null;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
