import type { Accounts } from '../accounts.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ClassicFeatures } from './classic-features.ts';
import { type Parsed, parseClassic } from './parser.ts';
import type { Said } from './report.ts';
import { createSources, type Sources } from './sources.ts';

export interface JudgeClassicOptions {
  readonly snapshot: Snapshot;
  readonly version: string;
  readonly accounts: Accounts;
  readonly host: string;
  readonly nowMs: number | null;
}

/** Where the C sudo, and its visudo, look. */
export const mainPath = '/etc/sudoers';

export interface PolicyRead {
  readonly sources: Sources;
  readonly parsed: Parsed | null;
}

/** What visudo would read and say, where that is what sudo reads and says: nothing was left out, and nothing names the program. */
export function isSameForVisudo(
  policy: PolicyRead,
  said: readonly Said[],
  features: ClassicFeatures,
): (PolicyRead & { said: Said[] }) | null {
  const left = policy.sources.skips.some(({ why }) => why === 'owner' || why === 'mode');
  const named = said.some(({ lines }) => lines.some((line) => line.startsWith('sudo: ')));
  if (left || named || policy.parsed === null || !features.includeDepthPlain) return null;
  return { ...policy, said: [...said] };
}

export function readPolicy(
  { snapshot, host }: JudgeClassicOptions,
  {
    features,
    program,
    said,
  }: { features: ClassicFeatures; program: 'sudo' | 'visudo'; said: Said[] },
): PolicyRead {
  const say = (one: Said): void => void said.push(one);
  const shortHost = host.split('.')[0] ?? host;
  const sources = createSources({ snapshot, features, shortHost, program, say });
  const main = sources.openMain(mainPath);
  const strict = program === 'visudo' && !features.includeDepthPlain;
  const parsed =
    main === null ? null : parseClassic({ features, main, includes: sources, strict, say });
  return { sources, parsed };
}
