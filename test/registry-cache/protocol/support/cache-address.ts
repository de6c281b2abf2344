import type { WireAnswer } from '../../../support/npm-registry/ask.ts';
import { registryName } from '../../support/test-cache.ts';

/** How a client says which registry it means. */
export const ways = ['root', 'path', 'ns'] as const;
export type Way = (typeof ways)[number];

/** The address of something in a repository of the tests' registry: `team/app/tags/list?n=3`. */
export function cacheAddress({ url }: { readonly url: string }, path: string, way: Way): string {
  const ns = `${path.includes('?') ? '&' : '?'}ns=${registryName}`;
  if (way === 'ns') return `${url}/v2/${path}${ns}`;
  return `${url}/v2/${way === 'path' ? `${registryName}/` : ''}${path}`;
}

/** The code of the first error in an answer (OCI distribution-spec 1.1, "Error Codes"). */
export function errorCode({ body }: WireAnswer): string {
  const { errors } = JSON.parse(body.toString()) as { errors: { code: string }[] };
  return errors[0]?.code ?? '';
}
