import type { DocumentKind } from '../../src/network.ts';
import type { FetchContext } from '../fetch-context.ts';
import type { View } from '../registries/view.ts';
import { registryTrouble } from '../upstream/registry-trouble.ts';

/** Upstream's answers that are not the document. None of them is a failure to answer. */
const refusals: readonly string[] = ['package_not_found', 'package_forbidden', 'registry_refused'];

/** Whether this is what anybody may read. */
export function isOpen({ authorization, registry }: View): boolean {
  return authorization === null && registry.access === 'public';
}

type ViewRules = Pick<
  DocumentKind<{ readonly view: View }, never>,
  'absences' | 'verdictsOf' | 'patienceFor' | 'troubleOf'
>;

/**
 * What depends on who reads. A credential's right may end, so whatever upstream answers it counts, and upstream is asked as
 * long as it answers. What anybody may read is refused by mistake, as by a gateway that limits: there only 404 counts.
 */
export function viewRules(context: Pick<FetchContext, 'upstreamOf'>): ViewRules {
  return {
    absences: ['package_not_found'],
    verdictsOf: ({ view }) => (isOpen(view) ? ['package_not_found'] : refusals),
    patienceFor: ({ view }) => (isOpen(view) ? 'budget' : 'answer'),
    troubleOf: ({ view }) => registryTrouble(context, view.registry),
  };
}
