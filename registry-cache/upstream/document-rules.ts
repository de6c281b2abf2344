import { type DocumentKind, troubleOf } from '../../src/network.ts';
import type { CacheContext } from '../cache-context.ts';
import type { Place } from '../store/cache-keys.ts';
import { verdicts } from './verdicts.ts';

type DocumentRules = Pick<
  DocumentKind<{ readonly place: Place }, never>,
  'absences' | 'changedAtMs' | 'verdictsOf' | 'patienceFor' | 'troubleOf' | 'maxAgeMsOf'
>;

/**
 * What all that a repository says of itself has in common: upstream's word counts at once, whoever asks; what a credential may read
 * is waited for as long as upstream answers, as its right may have ended.
 */
export function documentRules({ sources }: Pick<CacheContext, 'sources'>): DocumentRules {
  return {
    absences: ['repository_unknown', 'manifest_unknown'],
    changedAtMs: () => 0,
    verdictsOf: () => verdicts,
    patienceFor: ({ place }) => (place.view.credential === null ? 'budget' : 'answer'),
    troubleOf: ({ place }) => troubleOf(sources.originsOf(place.view.registry)),
    maxAgeMsOf: ({ place }) => place.view.registry.tagMaxAgeMs,
  };
}
