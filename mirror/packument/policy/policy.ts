import { type Advisories, noAdvisories } from './advisories.ts';
import { createPackageMatcher } from './package-matcher.ts';
import type { Place } from './policy-shape.ts';

export interface PolicyOptions {
  /** How old a version must be before it is handed out; 0 for no such rule. */
  readonly minReleaseAgeMs?: number;
  /** Packages, or versions of them, to which the minimum age does not apply. */
  readonly exempt?: readonly string[];
  /** When not empty, nothing else is handed out. */
  readonly allow?: readonly string[];
  /** What is never handed out; goes before `allow`. */
  readonly deny?: readonly string[];
  readonly advisories?: Advisories;
  /** Where the lists were read, for messages. */
  readonly source?: string;
}

export type BlockReason =
  | 'denied'
  | 'not_allowed'
  | 'advisory'
  | 'too_young'
  | 'release_time_unknown';

export interface Blocked {
  readonly isAllowed: false;
  readonly reason: BlockReason;
  /** For people: what is blocked, and by what. */
  readonly message: string;
  /** When time alone makes it allowed; null when it never does. */
  readonly allowedFromMs: number | null;
}

export type Decision = { readonly isAllowed: true } | Blocked;

export interface PolicyQuestion {
  readonly name: string;
  readonly version: string;
  /** From the `time` of the full packument; null when that is not known. */
  readonly releasedAtMs: number | null;
  readonly nowMs: number;
}

/** Which packages and versions the mirror hands out. */
export interface Policy {
  /** False when nothing is ever blocked, so that packuments need no look at. */
  readonly isActive: boolean;
  /** Whether times of release are wanted for this package. */
  needsReleaseTimes(name: string): boolean;
  /** Blocked when no version of the package is ever allowed by name. */
  decidePackage(name: string): Decision;
  decide(question: PolicyQuestion): Decision;
}

/**
 * Makes a policy; without options nothing is blocked. The lists are those of `createPackageMatcher`. While there is a minimum age,
 * a version whose time of release is not known is blocked: it could be a minute old. Registries that give no times need an entry in
 * `exempt`. Throws `policy_invalid`.
 */
export function createPolicy(options: PolicyOptions = {}): Policy {
  const { minReleaseAgeMs = 0, advisories = noAdvisories, source = 'the policy' } = options;
  const place = (path: string): Place => ({ file: source, path });
  const exempt = createPackageMatcher(options.exempt ?? [], place('exempt'));
  const allow = createPackageMatcher(options.allow ?? [], place('allow'));
  const deny = createPackageMatcher(options.deny ?? [], place('deny'));

  const byName = (subject: string, denied: string | null, allowed: string | null): Decision => {
    if (denied !== null)
      return blocked('denied', `${subject} is blocked: the list deny has ${denied}`);
    if (!allow.isEmpty && allowed === null)
      return blocked('not_allowed', `${subject} is blocked: the list allow does not have it`);
    return { isAllowed: true };
  };

  return {
    isActive: minReleaseAgeMs > 0 || !allow.isEmpty || !deny.isEmpty || advisories.packageCount > 0,
    needsReleaseTimes: (name) => minReleaseAgeMs > 0 && exempt.matchAll(name) === null,
    decidePackage: (name) => byName(name, deny.matchAll(name), allow.matchSome(name)),
    decide(question) {
      const { name, version } = question;
      const subject = `${name}@${version}`;
      const named = byName(subject, deny.matchOrOdd(name, version), allow.match(name, version));
      if (!named.isAllowed) return named;
      const advisory = advisories.find(name, version);
      if (advisory !== null) {
        const { id, summary } = advisory;
        const source = id === null ? 'the advisory file names it' : `advisory ${id}`;
        const why = summary === null ? source : `${source}: ${summary}`;
        return blocked('advisory', `${subject} is blocked: ${why}`);
      }
      const isOld = minReleaseAgeMs <= 0 || exempt.match(name, version) !== null;
      return isOld ? named : decideByAge(question, minReleaseAgeMs);
    },
  };
}

function decideByAge(
  { name, version, releasedAtMs, nowMs }: PolicyQuestion,
  ageMs: number,
): Decision {
  const subject = `${name}@${version}`;
  if (releasedAtMs === null)
    return blocked(
      'release_time_unknown',
      `${subject} is blocked: a minimum age is asked for, and the registry does not say when it was released`,
    );
  const allowedFromMs = releasedAtMs + ageMs;
  if (nowMs >= allowedFromMs) return { isAllowed: true };
  const message = `${subject} is blocked: it is too young until ${isoTime(allowedFromMs)}`;
  return blocked('too_young', message, allowedFromMs);
}

function isoTime(timeMs: number): string {
  // Dates end in the year 275760; an age may lead beyond.
  return new Date(Math.min(timeMs, 8.64e15)).toISOString();
}

function blocked(
  reason: BlockReason,
  message: string,
  allowedFromMs: number | null = null,
): Blocked {
  return { isAllowed: false, reason, message, allowedFromMs };
}
