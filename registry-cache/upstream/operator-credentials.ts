import { type CredentialLookup, fileCredentials } from '../../src/network.ts';
import type { CachedRegistry } from '../config/cached-registry.ts';

/** What the operator shows to a registry, as the configuration says. */
export function operatorCredentials(
  env: NodeJS.ProcessEnv,
): (registry: CachedRegistry) => CredentialLookup {
  const stored = fileCredentials(env);
  return ({ credential }) => {
    if (credential.kind === 'docker') return stored;
    const answer = { credential: credential.kind === 'none' ? null : credential, problem: null };
    return () => Promise.resolve(answer);
  };
}
