import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { abbreviatedType } from '../../support/npm-registry/packument.ts';
import { scratchDir } from '../../support/scratch.ts';
import {
  acmeHost,
  askMirror,
  bearer,
  boundName,
  openPrivateGround,
  owner,
  type PrivateGround,
  publicHost,
  questionsFor,
} from './support/private-ground.ts';

/** The public registry has a package of the same name, with a higher version. */
describe('a scope that is bound to a registry', () => {
  const scratch = scratchDir('private-scopes');
  let ground: PrivateGround;
  beforeAll(async () => {
    ground = await openPrivateGround({ home: `${scratch}/home` });
  });
  afterAll(() => ground?.[Symbol.asyncDispose]());

  const spellings = (path: string): readonly string[] => [
    path,
    path.replace('@', '%40'),
    path.replace('@acme/', '@acme%2F'),
    path.replace('@', '%40').replace('acme/', 'acme%2f'),
    `${path}/`,
    `${path}?write=true`,
  ];
  const ways = [
    { title: 'transparent', host: publicHost, prefix: '' },
    { title: 'by its path', prefix: `/-/via/https/${publicHost}` },
    { title: 'by its path and http', prefix: `/-/via/http/${publicHost}` },
  ];
  const credentials = [{}, bearer(owner), bearer('another')];

  it('is never asked of another registry, whoever asks and however', async () => {
    const answers: string[] = [];
    for (const way of ways) {
      for (const { path, method = 'GET', headers } of questionsFor(boundName)) {
        for (const spelling of spellings(path)) {
          for (const credential of credentials) {
            const asked = { path: spelling, method, headers: { ...headers, ...credential } };
            const { status, body } = await askMirror(ground, way, asked);
            expect(body.toString()).not.toContain('planted');
            if (status !== 403) answers.push(`${way.title} ${method} ${spelling}: ${status}`);
          }
        }
      }
    }
    expect(answers).toEqual([]);
    expect((await ground.publicRegistry.counts()).requests).toEqual({});
  });

  it('is not taken from there where its own registry has no such package, or does not answer', async () => {
    const own = { prefix: '' };
    const path = '/@acme/not-there';
    await ground.publicRegistry.put({ name: '@acme/not-there', versions: { '1.0.0': {} } });
    const answer = await askMirror(ground, own, { path, headers: bearer(owner) });
    expect(answer.status).toBe(404);
    await ground.acmeRegistry.outage('refuse');
    const asked = { path: '/@acme/neither', headers: bearer(owner), idleMs: 1_000 };
    expect(await askMirror(ground, own, asked)).toMatchObject({ status: 0, end: 'stalled' });
    await ground.acmeRegistry.restore();
    expect((await ground.publicRegistry.counts()).requests).toEqual({});
  });

  it('is found at its registry, with tarballs where they can be asked for again', async () => {
    const headers = { ...bearer(owner), accept: abbreviatedType };
    const answer = await askMirror(ground, { prefix: '' }, { path: `/${boundName}`, headers });
    const { versions } = JSON.parse(answer.body.toString()) as {
      versions: Record<string, { dist: { tarball: string } }>;
    };
    expect(Object.keys(versions)).toEqual(['1.0.0', '1.1.0']);
    const { pathname } = new URL(versions['1.1.0']?.dist.tarball ?? '');
    const fetched = await askMirror(ground, { prefix: '' }, { path: pathname, headers });
    expect(fetched.status).toBe(200);
  });

  it('keeps other scopes and names where they are', async () => {
    const way = { host: acmeHost, prefix: '' };
    const asked = await askMirror(ground, way, { path: '/open-to-all', headers: bearer(owner) });
    expect(asked.status).toBe(404);
    expect(Object.keys((await ground.publicRegistry.counts()).requests)).toEqual([]);
  });

  it('is not asked of the public registry in what is handed on either', async () => {
    await ground.publicRegistry.resetCounts();
    const about = [
      '/-/package/@acme%2flib/collaborators',
      '/-/package/@acme%2flib/dist-tags/beta',
      '/@acme%2flib/-rev/1-0',
      '/-/npm/v1/attestations/@acme%2flib@1.0.0',
    ];
    for (const path of about) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const asked = { path, method, headers: bearer(owner) };
        const answer = await askMirror(ground, { host: publicHost, prefix: '' }, asked);
        expect([path, method, answer.status]).toEqual([path, method, 403]);
      }
    }
    expect((await ground.publicRegistry.counts()).requests).toEqual({});
  });
});
