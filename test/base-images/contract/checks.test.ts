import { describe, expect, it } from 'vitest';
import { allChecks } from '../../../base-images/contract/all-checks.ts';
import { cases } from './cases.ts';
import { goodBase } from './support/good-base.ts';
import { machine, runner } from './support/good-runs.ts';
import { findingOn, findingsOn, type Subject } from './support/look-at.ts';
import { nothingToDo } from './support/plans.ts';

const good: Subject = {
  tree: goodBase,
  run: runner(),
  boot: machine(),
  plan: async () => nothingToDo,
};

describe('the contract', () => {
  it('has a base on which it passes and one on which it fails, for every check', () => {
    expect(Object.keys(cases).toSorted()).toEqual(allChecks.map(({ id }) => id).toSorted());
  });

  it('says of each check what it asserts, why, and whom it concerns', () => {
    for (const { id, title, why, concerns } of allChecks) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(title, id).not.toMatch(/\.$/);
      expect(why, id).toMatch(/[.!?]$/);
      for (const { words } of concerns) expect(words).toMatch(/^(images|set-up images|releases) /);
    }
    expect(new Set(allChecks.map(({ id }) => id)).size).toBe(allChecks.length);
  });

  it('finds no fault in a good base', async () => {
    const findings = await findingsOn(good);
    expect(findings.filter(({ status }) => status === 'failed' || status === 'not-run')).toEqual(
      [],
    );
    expect(findings.filter(({ status }) => status === 'passed').length).toBeGreaterThan(60);
  });
});

describe.each(Object.entries(cases))('%s', (id, { passes, fails, says, acts, at }) => {
  it('passes', async () => {
    expect(await findingOn(passes ?? good, id)).toMatchObject({ status: 'passed', failure: null });
  });

  it('fails, with who must act, the place and the mend', async () => {
    const { status, evidence, failure } = await findingOn({ ...passes, ...fails }, id);
    expect({ status, evidence }).toEqual({
      status: 'failed',
      evidence: expect.arrayContaining([expect.stringMatching(says)]),
    });
    expect(evidence[0]).toMatch(says);
    const place = failure?.place ?? null;
    expect(place === null ? null : place.path + (place.line === null ? '' : `:${place.line}`)).toBe(
      at,
    );
    expect(failure?.class).toBe(acts);
    expect(failure?.mend).toMatch(/\S{3}/);
  });
});
