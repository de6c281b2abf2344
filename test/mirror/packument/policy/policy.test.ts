import { describe, expect, it } from 'vitest';
import { parseAdvisories } from '../../../../mirror/packument/policy/advisories.ts';
import {
  createPolicy,
  type Policy,
  type PolicyOptions,
} from '../../../../mirror/packument/policy/policy.ts';

const minuteMs = 60_000;

function reasonOf(
  policy: Policy,
  spec: string,
  times = { releasedAtMs: 0, nowMs: 0 },
): string | null {
  const at = spec.lastIndexOf('@');
  const decision = policy.decide({
    name: spec.slice(0, at),
    version: spec.slice(at + 1),
    ...times,
  });
  return decision.isAllowed ? null : decision.reason;
}

function packageReason(policy: Policy, name: string): string | null {
  const decision = policy.decidePackage(name);
  return decision.isAllowed ? null : decision.reason;
}

describe('a policy', () => {
  it('without options allows everything', () => {
    const policy = createPolicy();
    expect(policy.isActive).toBe(false);
    expect(policy.needsReleaseTimes('a')).toBe(false);
    expect(reasonOf(policy, 'a@1.0.0')).toBe(null);
    expect(packageReason(policy, 'a')).toBe(null);
  });

  it.each<[PolicyOptions, boolean]>([
    [{ minReleaseAgeMs: 0, deny: [], allow: [], exempt: ['a'] }, false],
    [{ minReleaseAgeMs: 1 }, true],
    [{ deny: ['a'] }, true],
    [{ allow: ['a'] }, true],
    [{ advisories: parseAdvisories('{"a":["1.0.0"]}', 'f') }, true],
  ])('%j is active: %s', (options, isActive) => {
    expect(createPolicy(options).isActive).toBe(isActive);
  });

  it('denies by name, scope, pattern and range, before it allows', () => {
    const policy = createPolicy({
      deny: ['left-pad', '@evil', '@types/node*', '*-internal', 'lodash@<4.17.21'],
      allow: ['*'],
    });
    for (const spec of [
      'left-pad@1.0.0',
      '@evil/a@1.0.0',
      '@types/node@1.0.0',
      '@types/node-fetch@1.0.0',
    ])
      expect(reasonOf(policy, spec)).toBe('denied');
    for (const spec of [
      '@acme/x-internal@1.0.0',
      'x-internal@1.0.0',
      'lodash@4.17.20',
      'lodash@4.17.21-rc.1',
    ])
      expect(reasonOf(policy, spec)).toBe('denied');
    expect(reasonOf(policy, 'lodash@4.17.20garbage')).toBe('denied');
    for (const spec of [
      'left-pad2@1.0.0',
      '@evil2/a@1.0.0',
      '@types/nod@1.0.0',
      'lodash@4.17.21',
      'evil@1.0.0',
    ])
      expect(reasonOf(policy, spec)).toBe(null);
    expect(packageReason(policy, 'left-pad')).toBe('denied');
    expect(packageReason(policy, '@evil/a')).toBe('denied');
    expect(packageReason(policy, 'lodash')).toBe(null);
    expect(
      policy.decide({ name: 'lodash', version: '4.17.20', releasedAtMs: 0, nowMs: 0 }),
    ).toEqual({
      isAllowed: false,
      reason: 'denied',
      message: 'lodash@4.17.20 is blocked: the list deny has lodash@<4.17.21',
      allowedFromMs: null,
    });
  });

  it('takes no character of a name for one of a pattern', () => {
    const policy = createPolicy({ deny: ['a.b', "x(y)~!'*"] });
    expect(reasonOf(policy, 'a.b@1.0.0')).toBe('denied');
    expect(reasonOf(policy, 'aXb@1.0.0')).toBe(null);
    expect(reasonOf(policy, "x(y)~!'z@1.0.0")).toBe('denied');
    expect(reasonOf(policy, "xy~!'z@1.0.0")).toBe(null);
  });

  it('allows nothing but what the list has, when there is one', () => {
    const policy = createPolicy({ allow: ['@acme', 'react@18 || 19'] });
    expect(reasonOf(policy, '@acme/a@1.0.0')).toBe(null);
    expect(reasonOf(policy, 'react@18.2.0')).toBe(null);
    expect(reasonOf(policy, 'react@17.0.0')).toBe('not_allowed');
    expect(reasonOf(policy, 'react@garbage')).toBe('not_allowed');
    expect(reasonOf(policy, 'acme@1.0.0')).toBe('not_allowed');
    expect(packageReason(policy, 'react')).toBe(null);
    expect(packageReason(policy, 'vue')).toBe('not_allowed');
  });

  it('asks for a minimum age, but of those exempt', () => {
    const policy = createPolicy({ minReleaseAgeMs: 10 * minuteMs, exempt: ['@acme', 'a@2.0.0'] });
    const young = { releasedAtMs: 1000 * minuteMs, nowMs: 1010 * minuteMs - 1 };
    const old = { releasedAtMs: 1000 * minuteMs, nowMs: 1010 * minuteMs };
    const unknown = { releasedAtMs: null, nowMs: 1e15 };
    expect(reasonOf(policy, 'a@1.0.0', young)).toBe('too_young');
    expect(reasonOf(policy, 'a@1.0.0', old)).toBe(null);
    expect(reasonOf(policy, 'a@2.0.0', young)).toBe(null);
    expect(reasonOf(policy, '@acme/a@1.0.0', young)).toBe(null);
    expect(
      reasonOf(policy, 'a@1.0.0', { releasedAtMs: 1010 * minuteMs, nowMs: 1000 * minuteMs }),
    ).toBe('too_young');
    expect(policy.decide({ name: 'a', version: '1.0.0', ...unknown })).toMatchObject({
      reason: 'release_time_unknown',
    });
    expect(policy.decide({ name: 'a', version: '2.0.0', ...unknown }).isAllowed).toBe(true);
    expect([policy.needsReleaseTimes('a'), policy.needsReleaseTimes('@acme/a')]).toEqual([
      true,
      false,
    ]);
  });

  it('survives an age beyond all dates', () => {
    const policy = createPolicy({ minReleaseAgeMs: Number.MAX_SAFE_INTEGER });
    expect(reasonOf(policy, 'a@1.0.0')).toBe('too_young');
  });

  it('blocks what an advisory names, and says which', () => {
    const osv = {
      id: 'GHSA-1',
      summary: 'Steals tokens',
      affected: [{ package: { ecosystem: 'npm', name: 'a' }, versions: ['1.0.0'] }],
    };
    const policy = createPolicy({ advisories: parseAdvisories(JSON.stringify(osv), 'f') });
    expect(
      policy.decide({ name: 'a', version: '1.0.0', releasedAtMs: null, nowMs: 0 }),
    ).toMatchObject({
      reason: 'advisory',
      message: 'a@1.0.0 is blocked: advisory GHSA-1: Steals tokens',
    });
    expect(reasonOf(policy, 'a@1.0.1')).toBe(null);
  });

  it.each<[PolicyOptions, string]>([
    [{ deny: ['ok', ''], source: 'mirror.json' }, 'mirror.json: deny[1] names no package: ""'],
    [{ deny: ['a b'] }, 'the policy: deny[0] names no package: "a b"'],
    [{ allow: ['../x'] }, 'the policy: allow[0] names no package: "../x"'],
    [{ exempt: ['@a/b/c'] }, 'the policy: exempt[0] names no package: "@a/b/c"'],
    [{ deny: ['a@'] }, 'the policy: deny[0] has no range of versions after its name: "a@"'],
    [{ deny: ['a@x y'] }, 'the policy: deny[0] has no range of versions after its name: "a@x y"'],
  ])('%j is refused', (options, message) => {
    expect(() => createPolicy(options)).toThrow(
      expect.objectContaining({ code: 'policy_invalid', message }),
    );
  });
});
