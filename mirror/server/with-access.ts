import { AshlarError } from '../../src/index.ts';
import type { Registry } from '../registries/registry.ts';
import { credentialView, publicView, type View } from '../registries/view.ts';

/**
 * Answers from what anybody may read, and only where upstream says that there is no such thing for anybody, from what the
 * client's own credential may read: clients send their credential with every request, also for public packages. A private
 * registry is asked with the credential alone.
 */
export async function withAccess<T>(
  {
    registry,
    authorization,
    secret,
  }: {
    readonly registry: Registry;
    readonly authorization: string | null;
    readonly secret: Buffer;
  },
  work: (view: View) => Promise<T>,
): Promise<T> {
  if (authorization === null) return work(publicView(registry));
  const own = credentialView(registry, authorization, secret);
  if (registry.access === 'private') return work(own);
  try {
    return await work(publicView(registry));
  } catch (error) {
    const isHidden =
      error instanceof AshlarError &&
      (error.code === 'package_not_found' || error.code === 'package_forbidden');
    if (!isHidden) throw error;
    return work(own);
  }
}
