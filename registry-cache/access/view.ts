import { createHmac } from 'node:crypto';
import type { Credential } from '../../src/network.ts';
import type { CachedRegistry } from '../config/cached-registry.ts';
import { spelled } from '../store/cache-keys.ts';

/**
 * What one reader sees of a registry: what anybody sees who reaches the cache, or what a client's own credential sees. What was
 * learned for one view is never looked up for another.
 */
export interface View {
  readonly registry: CachedRegistry;
  /** The client's; null for anybody. */
  readonly credential: Credential | null;
  /** Where the view's records are kept: segments of a key. */
  readonly path: string;
}

export function publicView(registry: CachedRegistry): View {
  return { registry, credential: null, path: `${spelled(registry.name)}/public` };
}

/** `secret` keeps the names of records from telling anything of the credential. */
export function credentialView(
  registry: CachedRegistry,
  credential: Credential,
  secret: Buffer,
): View {
  const key = createHmac('sha256', secret).update(JSON.stringify(credential)).digest('hex');
  return { registry, credential, path: `${spelled(registry.name)}/private/${key.slice(0, 32)}` };
}
