import { AshlarError } from '../../src/index.ts';
import type { RequestLedger } from '../../src/network.ts';
import type { PackumentRecord } from '../documents/packument-record.ts';
import type { PolicyCuts } from '../documents/variant-edits.ts';
import type { Blocked, Policy } from '../packument/policy/policy.ts';
import type { View } from '../registries/view.ts';
import type { StatedTarballs, TarballName } from '../tarballs/stated-tarball.ts';
import { createFindCuts } from './policy-cuts.ts';
import { findReleaseTimes, type ReleaseTimes, type ReleaseTimesOptions } from './release-times.ts';

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

export interface MirrorPolicyOptions extends ReleaseTimesOptions {
  /** The policy in force, and a name for it that changes when it does. */
  readonly current: () => InForce;
  readonly stated: StatedTarballs;
  readonly nowMs: () => number;
}

interface InForce {
  readonly policy: Policy;
  readonly revision: string;
}

export function createMirrorPolicy(options: MirrorPolicyOptions): MirrorPolicy {
  const { stated } = options;
  const findCuts = createFindCuts(options.indexes, options.nowMs);
  /** Null when nothing is ever blocked. */
  const inForceFor = (name: string): InForce | null => {
    const inForce = options.current();
    if (!inForce.policy.isActive) return null;
    const whole = inForce.policy.decidePackage(name);
    if (!whole.isAllowed) throw blockedError(name, whole);
    return inForce;
  };
  return {
    async cutsFor({ view, name, record }, ledger) {
      const inForce = inForceFor(name);
      if (inForce === null) return null;
      const releases = await releasesOf(options, { ...inForce, view, name }, ledger);
      return findCuts({ ...inForce, body: record.body, releases });
    },
    async checkTarball(tarball, ledger) {
      const { view, name } = tarball;
      const inForce = inForceFor(name);
      if (inForce === null) return;
      const versions = (await stated.find(tarball, ledger)).map(({ version }) => version);
      await checkVersions(options, { ...inForce, view, name, versions }, ledger);
    },
    async checkDocument({ view, name, text }, ledger) {
      const inForce = inForceFor(name);
      if (inForce === null) return;
      const versions = versionsIn(text);
      await checkVersions(options, { ...inForce, view, name, versions }, ledger);
    },
  };
}

interface Checking extends InForce {
  readonly view: View;
  readonly name: string;
  readonly versions: readonly string[];
}

async function checkVersions(
  options: MirrorPolicyOptions,
  { policy, view, name, versions }: Checking,
  ledger: RequestLedger,
): Promise<void> {
  if (versions.length === 0) return;
  const releases = await releasesOf(options, { policy, view, name }, ledger);
  for (const version of versions) {
    const releasedAtMs = releases?.byVersion.get(version) ?? null;
    const decision = policy.decide({ name, version, releasedAtMs, nowMs: options.nowMs() });
    if (!decision.isAllowed) throw blockedError(`${name}@${version}`, decision);
  }
}

/** Null where they do not matter. */
async function releasesOf(
  options: ReleaseTimesOptions,
  { policy, view, name }: Pick<Checking, 'policy' | 'view' | 'name'>,
  ledger: RequestLedger,
): Promise<ReleaseTimes | null> {
  if (!policy.needsReleaseTimes(name)) return null;
  return findReleaseTimes(options, { view, name }, ledger);
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
