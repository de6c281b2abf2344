import * as fc from 'fast-check';
import { compare, parse } from 'semver';
import { describe, expect, it } from 'vitest';
import { mergeEdits } from '../../../../mirror/packument/edits.ts';
import {
  filterPackument,
  type FilteredPackument,
} from '../../../../mirror/packument/policy/filter-packument.ts';
import {
  type Blocked,
  createPolicy,
  type Policy,
} from '../../../../mirror/packument/policy/policy.ts';
import { moveBetweenBases, tarballEdits } from '../../../../mirror/packument/rewrite-tarballs.ts';
import { splice } from '../../../../mirror/packument/splice.ts';
import { packageName, packumentTexts } from '../support/packument-texts.ts';
import { membersOf, parsedPackument } from '../support/parsed-packument.ts';
import { firstReleaseMs, hourMs, registryPackument } from '../support/registry-packument.ts';
import { scan, transformed } from '../support/scan.ts';

const blocked: Blocked = { isAllowed: false, reason: 'denied', message: '', allowedFromMs: null };

/** A policy that takes out the versions told, and no others. */
function policyAgainst(isBlocked: (version: string) => boolean): Policy {
  return {
    ...createPolicy(),
    isActive: true,
    decide: ({ version }) => (isBlocked(version) ? blocked : { isAllowed: true }),
  };
}

const anyTime = { nowMs: 0, releaseTimes: null };

async function filtered(
  json: string,
  policy: Policy,
  name = packageName,
): Promise<{ json: string; filtered: FilteredPackument }> {
  const index = scan(json, { name });
  const result = filterPackument(index, policy, anyTime);
  return {
    json: await transformed(json, splice(result.edits, index.sizeBytes), [11, 3]),
    filtered: result,
  };
}

/** The same, done on what JSON.parse gives. */
function filteredObject(json: string, isBlocked: (version: string) => boolean): string {
  const packument = JSON.parse(json) as Record<string, Record<string, unknown>>;
  const parsed = parsedPackument(json);
  const kept = [...parsed.versions.keys()].filter((version) => !isBlocked(version));
  for (const version of parsed.versions.keys()) {
    if (!isBlocked(version)) continue;
    delete packument['versions']?.[version];
    if (parsed.times.has(version)) delete packument['time']?.[version];
  }
  for (const [tag, version] of parsed.distTags) {
    if (typeof version !== 'string' || !parsed.versions.has(version) || !isBlocked(version))
      continue;
    const tags = packument['dist-tags'] ?? {};
    const next = tag === 'latest' ? expectedLatest(version, kept, parsed.versions) : undefined;
    if (next === undefined) delete tags[tag];
    else tags[tag] = next;
  }
  return JSON.stringify(packument);
}

function expectedLatest(
  former: string,
  kept: readonly string[],
  versions: ReadonlyMap<string, { isDeprecated: boolean }>,
): string | undefined {
  const known = kept.filter((version) => parse(version) !== null).sort(compare);
  const isRelease = (version: string): boolean => parse(version)?.prerelease.length === 0;
  const isBelow = (version: string): boolean =>
    parse(former) === null || compare(version, former) < 0;
  const isFresh = (version: string): boolean => versions.get(version)?.isDeprecated === false;
  const wishes = [isRelease, isBelow, isFresh];
  const satisfying = wishes.reduce((list, wish) => {
    const better = list.filter(wish);
    return better.length > 0 ? better : list;
  }, known);
  return satisfying.at(-1);
}

describe('a filtered packument', () => {
  it('is what is left when the versions are deleted from the object', () =>
    fc.assert(
      fc.asyncProperty(packumentTexts, fc.nat(), async (json, seed) => {
        const isBlocked = (version: string): boolean =>
          ((seed >>> ((version.charCodeAt(0) + version.length) % 20)) & 1) === 1;
        const result = await filtered(json, policyAgainst(isBlocked));
        expect(JSON.stringify(JSON.parse(result.json))).toBe(filteredObject(json, isBlocked));
        if (result.filtered.vanished.size === 0) expect(result.json).toBe(json);
      }),
      { numRuns: 1500 },
    ));

  it('is valid for every choice of versions', async () => {
    const json = registryPackument({ name: 'a', versions: 5 });
    for (let choice = 0; choice < 32; choice += 1) {
      const isBlocked = (version: string): boolean =>
        ((choice >> Number(version.at(-1))) & 1) === 1;
      const result = await filtered(json, policyAgainst(isBlocked), 'a');
      const parsed = parsedPackument(result.json);
      const kept = [0, 1, 2, 3, 4]
        .map((at) => `1.0.${at}`)
        .filter((version) => !isBlocked(version));
      expect([...parsed.versions.keys()]).toEqual(kept);
      expect([...parsed.times.keys()]).toEqual(['created', 'modified', ...kept]);
      expect(parsed.distTags.get('latest')).toBe(kept.at(-1));
      expect(parsed.distTags.get('first')).toBe(isBlocked('1.0.0') ? undefined : '1.0.0');
    }
  });

  it('hides a version whose key comes twice', async () => {
    const json = `{"name":"a","versions":{"1.0.0":{},"2.0.0":{"a":1},"1.0.0":{"b":1}},
      "time":{"1.0.0":"x","1.0.0":"y"},"dist-tags":{"next":"1.0.0","next":"1.0.0"}}`;
    const result = await filtered(
      json,
      policyAgainst((version) => version === '1.0.0'),
      'a',
    );
    expect(result.json).not.toContain('1.0.0');
    expect(JSON.parse(result.json)).toEqual({
      name: 'a',
      versions: { '2.0.0': { a: 1 } },
      time: {},
      'dist-tags': {},
    });
  });

  it('can have its tarballs moved in the same pass', async () => {
    const json = registryPackument({ name: 'a', versions: 4 });
    const index = scan(json, { name: 'a' });
    const { edits } = filterPackument(
      index,
      policyAgainst((version) => version === '1.0.1'),
      anyTime,
    );
    const move = moveBetweenBases({
      from: [new URL('https://registry.npm.test')],
      to: new URL('http://m.test'),
    });
    const both = splice(mergeEdits(edits, tarballEdits(index, move)), index.sizeBytes);
    const { versions } = JSON.parse(await transformed(json, both)) as { versions: unknown };
    const tarballs = [...membersOf(versions).values()].map((manifest) =>
      membersOf(membersOf(manifest).get('dist')).get('tarball'),
    );
    expect(tarballs).toEqual(
      ['1.0.0', '1.0.2', '1.0.3'].map((version) => `http://m.test/a/-/a-${version}.tgz`),
    );
  });
});

describe('the tag latest', () => {
  const taggedLatest = async (
    versions: Record<string, { deprecated?: string }>,
    latest: string,
  ): Promise<unknown> => {
    const json = JSON.stringify({ name: 'a', 'dist-tags': { latest, next: latest }, versions });
    const result = await filtered(
      json,
      policyAgainst((version) => version === latest),
      'a',
    );
    const { distTags } = parsedPackument(result.json);
    expect(distTags.has('next')).toBe(false);
    return distTags.get('latest');
  };
  const old = { deprecated: 'use 2' };

  it.each([
    ['the highest below', { '1.2.0': {}, '1.10.0': {}, '2.0.0': {} }, '2.0.0', '1.10.0'],
    [
      'a release before a prerelease',
      { '1.0.0': {}, '2.0.0-rc.1': {}, '2.0.0': {} },
      '2.0.0',
      '1.0.0',
    ],
    ['what is not deprecated', { '1.0.0': {}, '1.1.0': old, '2.0.0': {} }, '2.0.0', '1.0.0'],
    ['one below before one above', { '1.0.0': old, '2.0.0': {}, '3.0.0': {} }, '2.0.0', '1.0.0'],
    ['one above when none is below', { '2.0.0': {}, '3.0.0': {}, '3.1.0': old }, '2.0.0', '3.0.0'],
    [
      'a prerelease when there is no release',
      { '1.0.0-a': {}, '1.0.0-b': {}, '1.0.0': {} },
      '1.0.0',
      '1.0.0-b',
    ],
    ['nothing when nothing is left', { '1.0.0': {} }, '1.0.0', undefined],
    ['nothing that is no version', { 'not one': {}, '1.0.0': {} }, '1.0.0', undefined],
  ])('goes to %s', async (_, versions, latest, expected) => {
    expect(await taggedLatest(versions, latest)).toBe(expected);
  });

  it('stays where it is when its version is not in the packument', async () => {
    const json = '{"name":"a","dist-tags":{"latest":"9.0.0"},"versions":{"1.0.0":{}}}';
    const result = await filtered(
      json,
      policyAgainst(() => true),
      'a',
    );
    expect(JSON.parse(result.json)).toEqual({
      name: 'a',
      'dist-tags': { latest: '9.0.0' },
      versions: {},
    });
  });
});

describe('a minimum age', () => {
  const minReleaseAgeMs = 24 * hourMs;
  const policy = createPolicy({ minReleaseAgeMs });
  const full = registryPackument({ name: 'a', versions: 10 });

  it('takes out what is younger, and says when that changes', () => {
    const nowMs = firstReleaseMs + 4 * hourMs + minReleaseAgeMs;
    const { vanished, tagChanges, nextChangeAtMs } = filterPackument(
      scan(full, { name: 'a' }),
      policy,
      { nowMs, releaseTimes: null },
    );
    expect([...vanished.keys()]).toEqual(['1.0.5', '1.0.6', '1.0.7', '1.0.8', '1.0.9']);
    expect(tagChanges).toEqual(new Map([['latest', '1.0.4']]));
    expect(nextChangeAtMs).toBe(nowMs + hourMs);
    expect(vanished.get('1.0.5')).toEqual({
      isAllowed: false,
      reason: 'too_young',
      message: 'a@1.0.5 is blocked: it is too young until 2024-01-02T05:00:00.000Z',
      allowedFromMs: nowMs + hourMs,
    });
  });

  it('takes the times for an abbreviated packument from the full one', () => {
    const { releaseTimes } = scan(full, { name: 'a' });
    const packument = JSON.parse(full) as { time?: unknown };
    delete packument.time;
    const abbreviated = scan(JSON.stringify(packument), { name: 'a' });
    const nowMs = firstReleaseMs + 4 * hourMs + minReleaseAgeMs;
    const known = filterPackument(abbreviated, policy, { nowMs, releaseTimes });
    expect(known.vanished.size).toBe(5);
    const unknown = filterPackument(abbreviated, policy, { nowMs, releaseTimes: null });
    expect(unknown.vanished.size).toBe(10);
    expect(unknown.vanished.get('1.0.0')?.reason).toBe('release_time_unknown');
    expect(unknown.nextChangeAtMs).toBe(null);
  });
});
