import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchDir } from '../../support/scratch.ts';
import type { WireAnswer } from '../../support/npm-registry/ask.ts';
import {
  addresses,
  askMirror,
  bearer,
  marker,
  openPrivateGround,
  owner,
  type PrivateGround,
  questionsFor,
} from './support/private-ground.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

/** What strangers send. Each of these is another credential than the owner's, or none. */
const strangers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nothing: {},
  'another token': bearer('npm_Stranger0123456789abcdef'),
  'the beginning of the token': bearer(owner.slice(0, -1)),
  'the token and more': bearer(`${owner}0`),
  'the token in other case': bearer(owner.toLowerCase()),
  'the token as a password': { authorization: basic(`owner:${owner}`) },
  'the token as a user': { authorization: basic(owner) },
  'no token in the scheme': { authorization: 'Bearer' },
  'the token as a cookie': { cookie: `authorization=Bearer ${owner}; token=${owner}` },
  'the token for a proxy': { 'proxy-authorization': `Bearer ${owner}` },
  'the token in another header': { 'x-authorization': `Bearer ${owner}`, 'npm-auth': owner },
  'names of others': {
    'x-forwarded-user': 'owner',
    'x-forwarded-host': 'npm.acme.test',
    forwarded: 'for=10.0.0.1',
  },
};

for (const refusal of [401, 404] as const) {
  describe(`strangers, where upstream refuses with ${refusal}`, () => {
    const scratch = scratchDir(`private-strangers-${refusal}`);
    let ground: PrivateGround;
    const facts = new Map<string, WireAnswer>();
    beforeAll(async () => {
      ground = await openPrivateGround({ home: `${scratch}/home`, refusal });
      for (const address of addresses) {
        for (const question of questionsFor(address.name)) {
          const headers = { ...question.headers, ...bearer(owner) };
          const answer = await askMirror(ground, address, { ...question, headers });
          facts.set(`${address.title}: ${question.title}`, answer);
        }
      }
    });
    afterAll(() => ground?.[Symbol.asyncDispose]());

    it('are no owners, who get everything', () => {
      const failed = [...facts].filter(([, { status }]) => ![200, 206].includes(status));
      expect(failed).toEqual([]);
      const told = [...facts].filter(([, { body }]) => textOf(body).includes(marker));
      expect(told.length).toBeGreaterThanOrEqual(7 * addresses.length);
      const unfit = [...facts].filter(
        ([, { headers }]) => headers['cache-control'] !== 'private, max-age=0',
      );
      expect(unfit.map(([title]) => title)).toEqual([]);
    });

    it.each(Object.keys(strangers))('with %s get nothing', async (who) => {
      const got: string[] = [];
      for (const address of addresses) {
        for (const question of questionsFor(address.name)) {
          const right = facts.get(`${address.title}: ${question.title}`);
          const headers = {
            ...question.headers,
            ...strangers[who],
            'if-none-match': right?.headers.etag ?? '"none"',
          };
          const answer = await askMirror(ground, address, { ...question, headers });
          const problem = whatIsGiven(answer, refusal);
          if (problem !== null) got.push(`${address.title}, ${question.title}: ${problem}`);
        }
      }
      expect(got).toEqual([]);
    });
  });
}

/** What an answer to a stranger tells that he should not know; null for nothing. */
function whatIsGiven({ status, headers, body }: WireAnswer, refusal: number): string | null {
  if (status !== refusal) return `status ${status}`;
  const given = ['etag', 'last-modified', 'content-range', 'age', 'content-encoding'];
  for (const name of given) if (headers[name] !== undefined) return `the header ${name}`;
  const text = `${JSON.stringify(headers)}${textOf(body)}`;
  const words = [marker, 'sha512-', '1.1.0', 'shasum', '.tgz"', owner, 'hit', 'coalesced'];
  return words.find((word) => text.includes(word)) ?? null;
}

/** As it is, and as what it decompresses to. */
function textOf(body: Buffer): string {
  const isGzip = body[0] === 0x1f && body[1] === 0x8b && body.length > 200;
  return isGzip ? gunzipSync(body).toString() : body.toString('latin1');
}
