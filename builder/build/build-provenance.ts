import type { Digest, Json } from '../../src/index.ts';
import { isProxyArg } from '../dockerfile/build-args.ts';
import type { BuildPlan } from '../dockerfile/plan-build.ts';

export interface BuildFacts {
  readonly dockerfileDigest: Digest;
  readonly target: string | undefined;
  /** Names or numbers of those that were built. */
  readonly stages: readonly string[];
  /** The images that FROM and COPY --from named. */
  readonly bases: ReadonlyMap<string, Digest>;
  readonly nowMs: number;
}

/**
 * What an image is made of, kept beside it. Build arguments are in it, as they are in the image; but proxies, which are of
 * this machine and may have passwords in them, are not.
 */
export function buildProvenance({ scope, sourceDateEpoch }: BuildPlan, facts: BuildFacts): Json {
  const { dockerfileDigest, target, stages, bases, nowMs } = facts;
  const builtMs = sourceDateEpoch === undefined ? nowMs : sourceDateEpoch * 1000;
  return {
    kind: 'build',
    dockerfile: scope.path,
    dockerfileDigest,
    target: target ?? null,
    stages,
    bases: [...bases].map(([reference, digest]) => ({ reference, digest })),
    args: Object.fromEntries([...scope.buildArgs].filter(([name]) => !isProxyArg(name))),
    built: new Date(builtMs).toISOString(),
  };
}
