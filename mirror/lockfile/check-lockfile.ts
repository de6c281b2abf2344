import {
  displayUrl,
  type HttpUrl,
  isAt,
  readHttpUrl,
  type RegistryAddress,
  type UrlProblem,
} from './http-url.ts';
import type { Lockfile, LockfileEntry } from './lockfile.ts';
import type { MirrorAddress } from './mirror-address.ts';
import { isPrivateHost } from './private-host.ts';

/**
 * What a lockfile has to be like: `public` where it goes to others, so that every package comes from one of the
 * registries; `mirrored` where every package has to come through one mirror.
 */
export type LockfileRule =
  | { readonly type: 'public'; readonly registries: readonly RegistryAddress[] }
  | { readonly type: 'mirrored'; readonly mirror: MirrorAddress };

/** `mirror`: at a private address, or below a mirror's `/-/via/`; `elsewhere`: at an address that the rule does not name. */
export type FindingReason = UrlProblem | 'mirror' | 'elsewhere' | 'protocol';

export interface LockfileFinding {
  readonly name: string;
  readonly version: string | null;
  readonly line: number;
  /** Without credentials and query. */
  readonly url: string;
  readonly reason: FindingReason;
}

/** Gives the entries whose URL breaks the rule, in the order of the file; entries without a URL break none. */
export function checkLockfile(lockfile: Lockfile, rule: LockfileRule): LockfileFinding[] {
  return lockfile.entries.flatMap((entry) => {
    const { url, name, version, line } = entry;
    if (url === null) return [];
    const reason = reasonOf(entry, url.text, rule);
    return reason === null ? [] : [{ name, version, line, url: displayUrl(url.text), reason }];
  });
}

function reasonOf(
  { source }: LockfileEntry,
  text: string,
  rule: LockfileRule,
): FindingReason | null {
  const read = readHttpUrl(text);
  if (read.type === 'problem') return read.problem;
  if (read.type === 'other') return 'protocol';
  if (rule.type === 'mirrored') {
    // What the project itself names by URL is not a registry's.
    return source === 'url' || isAt(read.url, rule.mirror) ? null : 'elsewhere';
  }
  if (rule.registries.some((registry) => isAt(read.url, registry))) return null;
  if (looksMirrored(read.url)) return 'mirror';
  return source === 'url' ? null : 'elsewhere';
}

function looksMirrored({ hostname, rest }: HttpUrl): boolean {
  return isPrivateHost(hostname) || rest.includes('/-/via/');
}
