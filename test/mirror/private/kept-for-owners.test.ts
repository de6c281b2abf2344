import { afterEach, describe, expect, it } from 'vitest';
import { abbreviatedType } from '../../support/npm-registry/packument.ts';
import { scratchDir } from '../../support/scratch.ts';
import { startMirrorProcess } from '../processes/support/mirror-process.ts';
import {
  addresses,
  askMirror,
  bearer,
  marker,
  openPrivateGround,
  owner,
  type PrivateGround,
  privatePackage,
  questionsFor,
} from './support/private-ground.ts';

describe('what a credential was needed for', () => {
  const scratch = scratchDir('private-kept');
  let stack = new AsyncDisposableStack();
  afterEach(async () => {
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
  });
  let homes = 0;
  const open = async (options: Partial<Parameters<typeof openPrivateGround>[0]> = {}) => {
    homes += 1;
    return stack.use(await openPrivateGround({ home: `${scratch}/home${homes}`, ...options }));
  };
  const requests = async ({ publicRegistry, acmeRegistry }: PrivateGround): Promise<number> =>
    (await publicRegistry.counts()).totalRequests + (await acmeRegistry.counts()).totalRequests;

  it.each([401, 404] as const)(
    'is fetched once for its owner, where strangers are told %s',
    async (refusal) => {
      const ground = await open({ refusal });
      const asOwner = async (): Promise<void> => {
        for (const address of addresses) {
          for (const question of questionsFor(address.name)) {
            const headers = { ...question.headers, ...bearer(owner) };
            const { status } = await askMirror(ground, address, { ...question, headers });
            expect(status).toBeLessThan(300);
          }
        }
      };
      await asOwner();
      const before = await requests(ground);
      await asOwner();
      expect(await requests(ground)).toBe(before);
    },
  );

  it.each(addresses.filter(({ host }) => host !== undefined))(
    'is there with upstream gone, after a restart too: $title',
    async (address) => {
      const ground = await open({ maxAgeSec: 0 });
      const tarball = questionsFor(address.name).find(({ title }) => title === 'tarball');
      const wanted = [
        { path: `/${address.name}`, headers: bearer(owner) },
        { path: `/${address.name}`, headers: { ...bearer(owner), accept: abbreviatedType } },
        { path: tarball?.path ?? '', headers: bearer(owner) },
      ];
      for (const each of wanted)
        expect(await askMirror(ground, address, each)).toMatchObject({ status: 200 });
      await ground.publicRegistry.outage('refuse');
      await ground.acmeRegistry.outage('refuse');
      await ground.mirror[Symbol.asyncDispose]();
      const args = ['--config', `${scratch}/home${homes}/mirror.json`];
      const mirror = stack.use(await startMirrorProcess({ home: `${scratch}/home${homes}`, args }));
      const begunMs = performance.now();
      const again = await Promise.all(wanted.map((each) => askMirror({ mirror }, address, each)));
      expect(again.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(performance.now() - begunMs).toBeLessThan(8_000);
      // Nobody can say whether they may read it: they wait, and get nothing of what is there.
      const strangers = wanted.map(({ path }) =>
        askMirror({ mirror }, address, { path, headers: bearer('another'), idleMs: 500 }),
      );
      for (const answer of await Promise.all(strangers)) {
        expect(answer).toMatchObject({ status: 0, end: 'stalled' });
        expect(answer.body).toHaveLength(0);
      }
    },
  );

  it('is not given to who asks at the same time without', async () => {
    const ground = await open();
    await ground.publicRegistry.setLatency(150);
    await ground.acmeRegistry.setLatency(150);
    for (const address of addresses) {
      for (const question of questionsFor(address.name)) {
        const asks = ['nothing', owner, 'another', owner, 'nothing'].map(async (token) => {
          const credential = token === 'nothing' ? {} : bearer(token);
          const headers = { ...question.headers, ...credential };
          const { status } = await askMirror(ground, address, { ...question, headers });
          return `${token === owner ? 'owner' : 'stranger'} ${status < 300}`;
        });
        const title = `${address.title}: ${question.title}`;
        expect([title, [...new Set(await Promise.all(asks))].sort()]).toEqual([
          title,
          ['owner true', 'stranger false'],
        ]);
      }
    }
  });

  it('is not hidden from its owner by what others were told, nor the other way round', async () => {
    const ground = await open();
    for (const address of addresses) {
      const path = `/${address.name}`;
      const seen: number[] = [];
      for (const token of ['another', owner, 'another', owner]) {
        const answer = await askMirror(ground, address, { path, headers: bearer(token) });
        seen.push(answer.status);
      }
      expect([address.title, seen]).toEqual([address.title, [404, 200, 404, 200]]);
    }
  });

  it.each([401, 404] as const)(
    'is no longer given out when upstream takes the right away (%s)',
    async (refusal) => {
      const ground = await open({ refusal, maxAgeSec: 0 });
      for (const address of addresses) {
        for (const question of questionsFor(address.name)) {
          const headers = { ...question.headers, ...bearer(owner) };
          const answer = await askMirror(ground, address, { ...question, headers });
          expect(answer.status).toBeLessThan(300);
        }
      }
      for (const { name } of addresses) {
        const registry = name.startsWith('@') ? ground.acmeRegistry : ground.publicRegistry;
        await registry.put(privatePackage(name, ['somebody-else']));
      }
      for (const address of addresses) {
        for (const question of questionsFor(address.name)) {
          const headers = { ...question.headers, ...bearer(owner) };
          const answer = await askMirror(ground, address, { ...question, headers });
          const title = `${address.title}: ${question.title}`;
          expect([title, answer.status]).toEqual([title, refusal]);
          expect(answer.body.toString()).not.toContain(marker);
        }
      }
    },
  );

  it('becomes what all share when it is published for all', async () => {
    const ground = await open({ refusal: 401, maxAgeSec: 0 });
    const [address] = addresses;
    if (address === undefined) throw new TypeError('there are no addresses');
    const path = `/${address.name}`;
    await askMirror(ground, address, { path, headers: bearer(owner) });
    const { readers: _readers, ...forAll } = privatePackage(address.name, []);
    await ground.publicRegistry.put(forAll);
    const answer = await askMirror(ground, address, { path });
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toContain('public');
  });
});
