import { AshlarError, type BytePath, catalogue } from '../../src/index.ts';
import type { BaseFacts } from '../detect/base-facts.ts';
import type { ImageFiles } from '../files/image-files.ts';
import type { Release } from '../releases/release.ts';
import type { SetupPlan } from '../setup/setup-plan.ts';
import { judgeSudoers } from '../sudoers/judge-sudoers.ts';
import { allChecks } from './all-checks.ts';
import { type Check, type CheckPlace, notRun, type Outcome } from './check.ts';
import type { CheckedBase } from './checked-base.ts';
import type { Finding } from './finding.ts';
import { openCheckedBase } from './open-checked-base.ts';
import type { Boot, Runner } from './runner.ts';

export interface CheckBaseOptions {
  readonly files: ImageFiles;
  readonly facts: BaseFacts;
  /** What the data expect of it; null for a base that they do not know. */
  readonly release: Release | null;
  /** Who shall become root; where it is left out, whom Ashlar's own rule in the image names. */
  readonly user?: BytePath;
  /** The files before the setup, where they are known. */
  readonly before?: ImageFiles;
  /** What a setup would do to it now. */
  readonly plan?: () => Promise<SetupPlan>;
  /** Without it, checks in a container are not run. */
  readonly run?: Runner;
  /** Without it, checks in a machine are not run. */
  readonly boot?: Boot;
  /** Why there is no runner or no machine, for people. */
  readonly whyNot?: Partial<Readonly<Record<'container' | 'boot', string>>>;
  readonly judge?: typeof judgeSudoers;
  readonly hostArchitecture: string;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly signal?: AbortSignal;
}

/** Which checks are made; all where nothing is said. */
export interface CheckSelection {
  readonly on?: readonly CheckPlace[];
  /** Ids; one that there is no check of throws `check_unknown`. */
  readonly ids?: readonly string[];
}

/**
 * Holds an image against the contract: a finding for each check that was asked for, in the order of the contract. What the image has
 * done wrong is a finding and does not throw; what cannot be run here is `not-run`, with the reason. Throws what reading the image
 * throws, but for files that are too large, and the reason of `signal`.
 */
export async function checkBase(
  options: CheckBaseOptions,
  selection: CheckSelection = {},
): Promise<readonly Finding[]> {
  const checks = selectChecks(selection);
  const base = await openCheckedBase({ judge: judgeSudoers, ...options });
  const findings: Finding[] = [];
  const thrown = new Set<AshlarError>();
  for (const check of checks) {
    options.signal?.throwIfAborted();
    const outcome = await outcomeOf(check, base, options);
    // One boot is shared: what it failed with is said once.
    const isKnown = outcome instanceof AshlarError && thrown.has(outcome);
    if (outcome instanceof AshlarError) thrown.add(outcome);
    const told = isKnown ? notRun(`the machine did not come so far: ${outcome.message}`) : outcome;
    findings.push(findingOf(check, told));
  }
  return findings;
}

export function selectChecks({ on, ids }: CheckSelection): readonly Check[] {
  const unknown = ids?.find((id) => allChecks.every((check) => check.id !== id));
  if (unknown !== undefined) {
    const known = allChecks.map(({ id }) => id);
    throw new AshlarError('check_unknown', `there is no check ${JSON.stringify(unknown)}`, {
      data: { name: unknown, known },
    });
  }
  return allChecks.filter(
    (check) => (on?.includes(check.on) ?? true) && (ids?.includes(check.id) ?? true),
  );
}

async function outcomeOf(
  check: Check,
  base: CheckedBase,
  { run, boot, signal, whyNot }: CheckBaseOptions,
): Promise<Outcome | AshlarError> {
  const unmet = check.concerns.find((concern) => !concern.holds(base));
  if (unmet !== undefined) return { status: 'not-applicable', reason: `about ${unmet.words}` };
  if (check.on === 'container' && run === undefined)
    return notRun(whyNot?.container ?? 'there is no container to run it in');
  if (check.on === 'boot' && boot === undefined)
    return notRun(whyNot?.boot ?? 'there is no machine to run it in');
  try {
    return await check.look(base);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof AshlarError) || !isOfBase(check, error)) throw error;
    return error;
  }
}

/** What a container or a machine of this image throws; everything else is no matter of the contract. */
function isOfBase({ on }: Check, { code, entry }: AshlarError): boolean {
  if (entry.class === 'author') return true;
  return on !== 'tree' && (entry.class === 'operator' || code === 'boot_failed');
}

function findingOf(check: Check, outcome: Outcome | AshlarError): Finding {
  const { id, title, on, code, why } = check;
  const named = { check: id, title, on, evidence: [], reason: null, failure: null };
  if (outcome instanceof AshlarError) return thrownFinding(check, outcome);
  if (outcome.status === 'not-run' || outcome.status === 'not-applicable')
    return { ...named, status: outcome.status, reason: outcome.reason };
  if (outcome.status === 'passed')
    return { ...named, status: 'passed', evidence: outcome.evidence };
  const { evidence, mend, place } = outcome;
  const failure = { code, class: catalogue[code].class, why, mend, place };
  return { ...named, status: 'failed', evidence, failure };
}

/** The image's own fault is a failure, with its own code; that of this installation says nothing of the image. */
function thrownFinding({ id, title, on, why }: Check, error: AshlarError): Finding {
  const named = { check: id, title, on };
  const { message, hint, code, entry, data } = error;
  if (entry.class === 'operator')
    return { ...named, status: 'not-run', evidence: [], reason: message, failure: null };
  const output = typeof data['output'] === 'string' ? data['output'].split('\n').slice(-8) : [];
  const ofImage = entry.class === 'author' ? code : 'base_unfit';
  return {
    ...named,
    status: 'failed',
    evidence: [message, ...output],
    reason: null,
    failure: { code: ofImage, class: 'author', why, mend: hint, place: null },
  };
}
