import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasCode } from '../../../src/errors/has-code.ts';
import { scanPackument } from '../../../mirror/packument/scan-packument.ts';
import { packageName, packumentTexts } from './support/packument-texts.ts';
import { parsedPackument } from './support/parsed-packument.ts';
import { cut, scan } from './support/scan.ts';

const options = { name: packageName };
const pieceSizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 });

/** The message of the failure; fails itself when there is none, or one of another code. */
function refused(json: Buffer | string, limits = {}, sizes: readonly number[] = []): string {
  try {
    scan(json, { name: 'name', ...limits }, sizes);
  } catch (error) {
    if (hasCode(error, 'packument_invalid')) return error.message;
    throw error;
  }
  throw new Error('was accepted');
}

describe('the index of a packument', () => {
  it('says what JSON.parse sees, however the bytes are cut', () => {
    fc.assert(
      fc.property(packumentTexts, pieceSizes, (json, sizes) => {
        const index = scan(json, options, sizes);
        const parsed = parsedPackument(json);
        expect(index.name).toBe(parsed.name);
        expect(index.sizeBytes).toBe(Buffer.byteLength(json));
        expect(index.modified).toBe(parsed.modified);
        expect(new Set(index.versions.keys())).toEqual(new Set(parsed.versions.keys()));
        for (const [version, expected] of parsed.versions) {
          const found = index.versions.get(version);
          expect({ ...found, tarball: found?.tarball?.url ?? null }).toEqual({
            version,
            ...expected,
          });
        }
        const tags = [...parsed.distTags].filter(([, value]) => typeof value === 'string');
        expect(new Map([...index.distTags].map(([tag, { version }]) => [tag, version]))).toEqual(
          new Map(tags),
        );
      }),
      { numRuns: 1500 },
    );
  });

  it('says where the values and members lie', () => {
    fc.assert(
      fc.property(packumentTexts, pieceSizes, (json, sizes) => {
        const bytes = Buffer.from(json);
        const index = scan(json, options, sizes);
        const at = ({ start, end }: { start: number; end: number }): string =>
          bytes.toString('utf8', start, end);
        for (const { tarball } of index.versions.values())
          if (tarball !== null) expect(JSON.parse(at(tarball.range))).toBe(tarball.url);
        for (const { version, range } of index.distTags.values())
          expect(JSON.parse(at(range))).toBe(version);
        for (const member of Object.values(index.members).flat())
          expect(Object.keys(JSON.parse(`{${at(member)}}`) as object)).toEqual([member.key]);
        const parsed = parsedPackument(json);
        const keys = (members: readonly { key: string }[]): Set<string> =>
          new Set(members.map(({ key }) => key));
        expect(keys(index.members.versions)).toEqual(new Set(parsed.versions.keys()));
        expect(keys(index.members.time)).toEqual(new Set(parsed.times.keys()));
        expect(keys(index.members.distTags)).toEqual(new Set(parsed.distTags.keys()));
      }),
      { numRuns: 700 },
    );
  });

  it('takes times of RFC 3339 alone', () => {
    const json = JSON.stringify({
      name: 'name',
      time: {
        modified: '2026-01-02T03:04:05.678Z',
        '1.0.0': '2026-01-02T03:04:05Z',
        '1.0.1': '2026-03-21T20:33:26.017000+02:00',
        '1.0.2': '1',
        '1.0.3': 'Mon, 01 Jan 2026 00:00:00 GMT',
        unpublished: { time: '2026-01-02T03:04:05.678Z' },
      },
    });
    const index = scan(json, { name: 'name' });
    expect(index.releaseTimes).toEqual(
      new Map([
        ['modified', Date.UTC(2026, 0, 2, 3, 4, 5, 678)],
        ['1.0.0', Date.UTC(2026, 0, 2, 3, 4, 5)],
        ['1.0.1', Date.UTC(2026, 2, 21, 18, 33, 26, 17)],
      ]),
    );
    expect(index.modified).toBe('2026-01-02T03:04:05.678Z');
  });

  it('is empty for a package that was unpublished', () => {
    const json = '{"_id":"name","name":"name","time":{"unpublished":{"versions":["1.0.0"]}}}';
    const index = scan(json, { name: 'name' });
    expect(index.versions.size).toBe(0);
    expect(index.members.versions).toEqual([]);
  });
});

describe('what is no packument', () => {
  const valid = '{"name":"name","versions":{"1.0.0":{"dist":{"tarball":"https://a.test/a.tgz"}}}}';

  it('is refused wherever JSON.parse refuses it, and nowhere else', () => {
    const marks = '{}[]:,"\\ \n\tutrfalse0123456789-+.eE/bx\u0000\u001f'.split('');
    const edit = fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...marks));
    let accepted = 0;
    fc.assert(
      fc.property(
        packumentTexts,
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        pieceSizes,
        (json, edits, sizes) => {
          let changed = json;
          for (const [place, deleted, mark] of edits) {
            const at = place % (changed.length + 1);
            changed = changed.slice(0, at) + mark + changed.slice(at + deleted);
          }
          changed = changed.toWellFormed();
          // Halves of surrogate pairs are refused besides; they have a case of their own.
          fc.pre(!/\\u[dD][89a-fA-F]/.test(changed));
          const outcome = outcomeOf(changed, sizes);
          if (outcome === 'refused for its content') return;
          accepted += Number(outcome === 'accepted');
          expect(outcome).toBe(expectedOutcome(changed));
        },
      ),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it.each([
    ['<!DOCTYPE html><html></html>', 'begins with "<", not as JSON, at byte 0'],
    ['', 'is empty, at byte 0'],
    ['   ', 'ends too early, at byte 3'],
    ['[]', 'begins with "[", not as JSON, at byte 0'],
    ['\ufeff{}', 'begins with byte 0xef, not as JSON, at byte 0'],
    [valid.slice(0, 30), 'ends too early, at byte 30'],
    [`${valid}x`, `goes on with "x" after its end, at byte ${valid.length}`],
    [`${valid}${valid}`, `goes on with "{" after its end, at byte ${valid.length}`],
    ['{"name":"name",}', 'has "}" where JSON has none, at byte 15'],
    ['{"a":01}', 'has "1" where JSON has none, at byte 6'],
    ['{"a":-}', 'has "}" where JSON has none, at byte 6'],
    ['{"a":nul}', 'has "}" where JSON has none, at byte 8'],
    ['{"a":"\n"}', 'has a control character in a string, at byte 6'],
    ['{"a":"\\x"}', 'has a bad escape in a string, at byte 7'],
    ['{"a":"\\u00g0"}', 'has "g" where JSON has none, at byte 10'],
    ['{"a":[1,]}', 'has "]" where JSON has none, at byte 8'],
    ['{"a":[1}', 'has "}" where JSON has none, at byte 7'],
    ["{'a':1}", 'has "\'" where JSON has none, at byte 1'],
    ['{"versions":{}}', 'has no name, at byte 15'],
    ['{"name":"other"}', 'has the name "other", at byte 8'],
    ['{"name":"nam\\u0045"}', 'has the name "namE", at byte 8'],
    ['{"name":{"name":"name"}}', 'has a name that is no string, at byte 8'],
    ['{"name":["name"]}', 'has a name that is no string, at byte 8'],
    ['{"name":"name","versions":[]}', 'has versions that are no object, at byte 26'],
    ['{"name":"name","versions":null}', 'has versions that are no object, at byte 26'],
    ['{"name":"name","versions":"{}"}', 'has versions that are no object, at byte 26'],
    ['{"name":"name","versions":{"\\ud800":{}}}', 'has half a surrogate pair, at byte 27'],
  ])('%j: %s', (json, message) => {
    for (const sizes of [[], [1], [7]])
      expect(refused(json, {}, sizes)).toBe(`the packument of name ${message}`);
  });

  it('is refused for malformed UTF-8, and says where', () => {
    const prefix = '{"name":"name","é€😀":"';
    for (const bad of [
      [0xff],
      [0xc3],
      [0xe2, 0x82],
      [0xf0, 0x9f, 0x98],
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0x80],
    ]) {
      const json = Buffer.concat([Buffer.from(prefix), Buffer.from(bad), Buffer.from('"}')]);
      for (const sizes of [[], [1], [2], [3], [5, 1], [200]])
        expect(refused(json, {}, sizes)).toBe(
          `the packument of name has malformed UTF-8, at byte ${Buffer.byteLength(prefix)}`,
        );
    }
  });

  it('is refused for nesting, size, number of versions and lengths beyond the limits, and not at them', () => {
    const nested = (depth: number): string =>
      `{"name":"name","a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    scan(nested(64), { name: 'name' });
    expect(refused(nested(65))).toBe(
      'the packument of name is nested more than 64 deep, at byte 82',
    );
    scan(valid, { name: 'name', maxBytes: valid.length });
    expect(refused(valid, { maxBytes: valid.length - 1 }, [9])).toContain('more than 79 bytes');
    const many = '{"name":"name","versions":{"1.0.0":{},"1.0.1":{},"1.0.0":{}}}';
    scan(many, { name: 'name', maxVersions: 3 });
    expect(refused(many, { maxVersions: 2 })).toContain('more than 2 versions, at byte 49');
    for (const [place, noun] of [
      ['versions', 'versions'],
      ['time', 'times'],
      ['dist-tags', 'dist-tags'],
    ]) {
      const keyed = (length: number): string =>
        `{"name":"name","${place}":{"${'k'.repeat(length)}":{}}}`;
      scan(keyed(1024), { name: 'name' });
      expect(refused(keyed(1025))).toContain(`a key of more than 1024 bytes in its ${noun}`);
      expect(refused(keyed(200_000), {}, [1000])).toContain('a key of more than 8192 bytes');
    }
    const tarball = valid.replace('a.tgz', 'a'.repeat(9000));
    expect(refused(tarball, {}, [100])).toContain('a string of more than 8192 bytes');
  });

  it('holds no memory for strings that are not wanted', () => {
    const piece = Buffer.from('é'.repeat(32_768));
    const begin = Buffer.from('{"name":"name","readme":"');
    const sizeBytes = 100 * 1024 * 1024;
    const before = process.memoryUsage().arrayBuffers;
    async function* source(): AsyncGenerator<Buffer> {
      yield begin;
      for (let sent = 0; sent < sizeBytes; sent += piece.length) yield piece;
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
      yield Buffer.from('"}');
    }
    return expect(scanPackument(source(), { name: 'name' })).resolves.toMatchObject({
      sizeBytes: begin.length + sizeBytes + 2,
    });
  });

  it('that is one endless string is refused at the limit', async () => {
    let sentBytes = 0;
    async function* source(): AsyncGenerator<Buffer> {
      yield Buffer.from('{"readme":"');
      for (;;) {
        sentBytes += 65_536;
        yield Buffer.alloc(65_536, 'a');
      }
    }
    const scanning = scanPackument(source(), { name: 'name', maxBytes: 1_000_000 });
    await expect(scanning).rejects.toMatchObject({ code: 'packument_invalid' });
    expect(sentBytes).toBeLessThan(1_100_000);
  });
});

describe('a large packument', () => {
  it('gives way to other work, also when it comes in one piece', async () => {
    const versions = Object.fromEntries(
      Array.from({ length: 5000 }, (_, at) => [
        `1.0.${at}`,
        {
          name: 'name',
          description: 'd'.repeat(300),
          dist: { tarball: `https://a.test/${at}.tgz` },
        },
      ]),
    );
    const json = Buffer.from(JSON.stringify({ name: 'name', versions }));
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    async function* source(): AsyncGenerator<Buffer> {
      yield json;
    }
    const index = await scanPackument(source(), { name: 'name' });
    isDone = true;
    expect(index.versions.size).toBe(5000);
    expect(turns).toBeGreaterThan(json.length / 65_536 / 2);
    expect(index).toEqual(scan(json, { name: 'name' }, [1000]));
    expect(cut(json, [65_536]).length).toBeGreaterThan(20);
  });
});

function outcomeOf(json: string, sizes: readonly number[]): string {
  try {
    scan(json, options, sizes);
    return 'accepted';
  } catch (error) {
    if (!hasCode(error, 'packument_invalid')) throw error;
    const isContent = / (?:the name|no name|no string|no object)/.test(error.message);
    return isContent ? 'refused for its content' : 'refused';
  }
}

function expectedOutcome(json: string): string {
  try {
    const parsed = JSON.parse(json) as unknown;
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? 'accepted' : 'refused';
  } catch (error) {
    if (error instanceof SyntaxError) return 'refused';
    throw error;
  }
}
