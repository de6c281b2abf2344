import { AshlarError } from '../../src/index.ts';
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

/** Tells of a credential that cannot be had, as where its helper is missing: registries are then asked without it. */
export function tellingOfProblems(
  credentials: (registry: CachedRegistry) => CredentialLookup,
  onProblem: (problem: AshlarError) => void,
): (registry: CachedRegistry) => CredentialLookup {
  return (registry) => {
    const lookUp = credentials(registry);
    return async (...wanted) => {
      const answer = await lookUp(...wanted);
      if (answer.credential === null && answer.problem !== null)
        onProblem(
          new AshlarError(
            'config_invalid',
            `there is no credential to show to ${registry.name}: ${answer.problem}`,
          ),
        );
      return answer;
    };
  };
}
