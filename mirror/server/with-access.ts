import { hasCode } from '../../src/index.ts';
import type { Registry } from '../registries/registry.ts';
import { credentialView, publicView, type View } from '../registries/view.ts';

export interface Access {
  readonly registry: Registry;
  readonly authorization: string | null;
  readonly secret: Buffer;
  /** Whether something of what is asked for is kept for a view. */
  readonly isKept: (view: View) => Promise<boolean>;
}

/**
 * Answers from what anybody may read, and only where upstream says that there is no such thing for anybody, from what the
 * client's own credential may read: clients send their credential with every request, also for public packages. A private
 * registry is asked with the credential alone.
 *
 * What is kept for the credential and not for anybody was hidden from anybody before: it is looked for there first, so
 * that it costs no further question and is there while upstream is not.
 */
export async function withAccess<T>(access: Access, work: (view: View) => Promise<T>): Promise<T> {
  const { registry, authorization, secret, isKept } = access;
  const open = publicView(registry);
  if (authorization === null) return work(open);
  const own = credentialView(registry, authorization, secret);
  if (registry.access === 'private') return work(own);
  const isOwn = !(await isKept(open)) && (await isKept(own));
  const [first, second] = isOwn ? [own, open] : [open, own];
  try {
    return await work(first);
  } catch (error) {
    const isHidden = hasCode(error, 'package_not_found', 'package_forbidden');
    if (!isHidden) throw error;
    return work(second);
  }
}
