import { createHash } from 'node:crypto';
import { AshlarError } from '../../src/index.ts';
import type { RequestLedger } from '../../src/network.ts';
import { createRecentMap } from '../cache/recent-map.ts';
import type { Indexes } from '../documents/indexes.ts';
import type { PackumentRecord } from '../documents/packument-record.ts';
import type { PolicyCuts } from '../documents/packument-variants.ts';
import type { Packuments } from '../documents/packuments.ts';
import { filterPackument } from '../packument/policy/filter-packument.ts';
import type { Blocked, Policy } from '../packument/policy/policy.ts';
import type { View } from '../registries/view.ts';
import type { StatedTarballs, TarballName } from '../tarballs/stated-tarball.ts';

/** What of the registries is handed out, applied to packuments and tarballs. */
export interface MirrorPolicy {
  /**
   * What is taken out of a packument; null where nothing is. Throws `package_blocked` when no version of the package is
   * ever allowed.
   */
  cutsFor(asked: PackumentAsked, ledger: RequestLedger): Promise<PolicyCuts | null>;
  /** Throws `package_blocked` with the reason when the tarball's version is blocked. */
  checkTarball(tarball: TarballName, ledger: RequestLedger): Promise<void>;
  /** The same for a small document of a package; where it is that of a version, for that version. */
  checkDocument(document: DocumentAsked, ledger: RequestLedger): Promise<void>;
}

export interface DocumentAsked {
  readonly view: View;
  readonly name: string;
  /** JSON. */
  readonly text: string;
}

export interface PackumentAsked {
  readonly view: View;
  readonly name: string;
  readonly record: PackumentRecord;
}

export interface MirrorPolicyOptions {
  /** The policy in force, and a name for it that changes when it does. */
  readonly current: () => { readonly policy: Policy; readonly revision: string };
  readonly packuments: Packuments;
  readonly indexes: Indexes;
  readonly stated: StatedTarballs;
  readonly nowMs: () => number;
  /** Aborted when the mirror ends. */
  readonly signal: AbortSignal;
}

interface Filtered {
  readonly cuts: PolicyCuts | null;
  readonly validUntilMs: number;
}

const keptFiltered = 5_000;

export function createMirrorPolicy(options: MirrorPolicyOptions): MirrorPolicy {
  const { current, indexes, stated, nowMs } = options;
  const filtered = createRecentMap<Filtered>(keptFiltered);

  const releaseTimes = async (
    { view, name }: { view: View; name: string },
    ledger: RequestLedger,
  ): Promise<ReadonlyMap<string, number> | null> => {
    if (!current().policy.needsReleaseTimes(name)) return null;
    const target = { view, name, form: 'full' } as const;
    const { signal, packuments } = options;
    const { record } = await packuments.find(target, { ledger, signal, freshness: 'current' });
    return (await indexes.find(record.body))?.releaseTimes ?? null;
  };

  const checkPackage = (name: string): void => {
    const whole = current().policy.decidePackage(name);
    if (!whole.isAllowed) throw blockedError(name, whole);
  };
  const checkVersions = async (
    { view, name }: { view: View; name: string },
    versions: readonly string[],
    ledger: RequestLedger,
  ): Promise<void> => {
    if (versions.length === 0) return;
    const times = await releaseTimes({ view, name }, ledger);
    for (const version of versions) {
      const releasedAtMs = times?.get(version) ?? null;
      const question = { name, version, releasedAtMs, nowMs: nowMs() };
      const decision = current().policy.decide(question);
      if (!decision.isAllowed) throw blockedError(`${name}@${version}`, decision);
    }
  };

  return {
    async cutsFor({ view, name, record }, ledger) {
      const { policy, revision } = current();
      if (!policy.isActive) return null;
      checkPackage(name);
      const key = `${revision} ${view.path} ${record.body}`;
      const known = filtered.get(key);
      if (known !== undefined && nowMs() < known.validUntilMs) return known.cuts;
      const index = await indexes.find(record.body);
      if (index === null) return null;
      const outcome = filterPackument(index, policy, {
        nowMs: nowMs(),
        releaseTimes: await releaseTimes({ view, name }, ledger),
      });
      const cuts =
        outcome.edits.length === 0
          ? null
          : { name: `${revision}-${nameOf(outcome.vanished)}`, edits: () => outcome.edits };
      filtered.set(key, { cuts, validUntilMs: outcome.nextChangeAtMs ?? Infinity });
      return cuts;
    },
    async checkTarball(tarball, ledger) {
      if (!current().policy.isActive) return;
      checkPackage(tarball.name);
      const found = await stated.find(tarball, ledger);
      const versions = found.map(({ version }) => version);
      await checkVersions(tarball, versions, ledger);
    },
    async checkDocument({ view, name, text }, ledger) {
      if (!current().policy.isActive) return;
      checkPackage(name);
      await checkVersions({ view, name }, versionsIn(text), ledger);
    },
  };
}

function nameOf(vanished: ReadonlyMap<string, Blocked>): string {
  const versions = [...vanished.keys()].sort().join(' ');
  return createHash('sha256').update(versions).digest('hex').slice(0, 32);
}

/** The version that a document is of; none for other documents. */
function versionsIn(text: string): string[] {
  const value: unknown = JSON.parse(text);
  const isVersion = typeof value === 'object' && value !== null && 'dist' in value;
  return isVersion && 'version' in value && typeof value.version === 'string'
    ? [value.version]
    : [];
}

function blockedError(subject: string, { message, reason, allowedFromMs }: Blocked): AshlarError {
  return new AshlarError('package_blocked', message, {
    data: { package: subject, reason, ...(allowedFromMs === null ? {} : { allowedFromMs }) },
  });
}
