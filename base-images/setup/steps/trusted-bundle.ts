import type { StepContext } from '../step-context.ts';
import { usualBundle } from './ca.ts';

/**
 * The file that a program has to be told of which has authorities of its own, such as Node and pip; null where none was given or the
 * server is asked without TLS.
 */
export function trustedBundle(
  { options, facts }: Pick<StepContext, 'options' | 'facts'>,
  url: URL,
): string | null {
  if (url.protocol !== 'https:' || (options.ca ?? []).length === 0) return null;
  return `/${facts.ca.bundlePath ?? usualBundle}`;
}
