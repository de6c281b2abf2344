import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageTags } from '../../../registry-cache/routing/tag-page.ts';
import { route } from './support/cache-config.ts';

const list = { path: '/v2/a/tags/list', ns: null };
const tags = ['1', '10', '2', 'A', 'Z', '_', 'a', 'b'];

describe('a page of tags', () => {
  it.each([
    [null, null, tags],
    [0, null, []],
    [3, null, ['1', '10', '2']],
    [3, '10', ['2', 'A', 'Z']],
    [3, '1x', ['2', 'A', 'Z']],
    [null, 'Z', ['_', 'a', 'b']],
    [5, 'b', []],
    [null, 'zzz', []],
    [Number.MAX_SAFE_INTEGER, 'Z', ['_', 'a', 'b']],
  ])('n=%s last=%s', (n, last, expected) => {
    expect(pageTags(tags, { n, last, list }).tags).toEqual(expected);
  });

  it('leads to the next one in the words of the request, and the last to none', () => {
    expect(pageTags(tags, { n: 2, last: null, list }).link).toBe(
      '</v2/a/tags/list?n=2&last=10>; rel="next"',
    );
    const ns = { path: '/v2/a/tags/list', ns: 'registry.example:5000' };
    expect(pageTags(tags, { n: 2, last: null, list: ns }).link).toBe(
      '</v2/a/tags/list?n=2&last=10&ns=registry.example%3A5000>; rel="next"',
    );
    for (const [n, last] of [
      [0, null],
      [8, null],
      [9, null],
      [null, null],
      [1, 'a'],
      [1, 'b'],
    ] as const)
      expect(pageTags(tags, { n, last, list }).link).toBeNull();
  });

  it('after page gives each tag once, in order, by following the links', () => {
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,3}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(tag, { maxLength: 30 }),
        fc.integer({ min: 1, max: 7 }),
        (all, n) => {
          const sorted = all.toSorted();
          const seen: string[] = [];
          let url: string | undefined = `/v2/ghcr.io/a/tags/list?n=${n}&ns=ghcr.io`;
          for (let page = 0; url !== undefined; page += 1) {
            expect(page).toBeLessThanOrEqual(30);
            const request = route(url);
            if (request.kind !== 'tags') throw new Error(`${url} asks for ${request.kind}`);
            const { tags: found, link } = pageTags(sorted, request);
            expect(found.length).toBeLessThanOrEqual(n);
            seen.push(...found);
            url = /^<([^>]+)>; rel="next"$/.exec(link ?? '')?.[1];
          }
          expect(seen).toEqual(sorted);
        },
      ),
    );
  });
});
