import { createHmac } from 'node:crypto';
import type { Registry } from './registry.ts';

/**
 * What one reader sees of a registry: what anybody sees, or what a credential sees. What is kept for one view is never
 * looked up for another.
 */
export interface View {
  readonly registry: Registry;
  /** The Authorization header that goes upstream; null for what anybody may read. */
  readonly authorization: string | null;
  /** Where the view's records are kept: path segments without a slash at the end. */
  readonly path: string;
}

export function publicView(registry: Registry): View {
  return { registry, authorization: null, path: registry.name };
}

/** `secret` keeps the names of records from telling anything of the credential. */
export function credentialView(registry: Registry, authorization: string, secret: Buffer): View {
  const key = createHmac('sha256', secret).update(authorization).digest('hex').slice(0, 32);
  return { registry, authorization, path: `${registry.name}/private/${key}` };
}
