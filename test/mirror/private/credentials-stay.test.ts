import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type RecordedRegistry,
  startRecordedRegistry,
} from '../../support/npm-registry/recorded-registry.ts';
import { scratchDir } from '../../support/scratch.ts';
import {
  acmeHost,
  addresses,
  askMirror,
  bearer,
  boundName,
  hiddenName,
  openPrivateGround,
  owner,
  type PrivateGround,
  privatePackage,
  publicHost,
  questionsFor,
} from './support/private-ground.ts';

describe('a credential', () => {
  const scratch = scratchDir('private-credentials');
  let stack = new AsyncDisposableStack();
  afterEach(async () => {
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
  });
  let homes = 0;
  const newHome = (): string => `${scratch}/home${(homes += 1)}`;
  const elsewhere = async (): Promise<RecordedRegistry> =>
    stack.use(await startRecordedRegistry({ packages: [privatePackage(hiddenName, [])] }));
  const tarball = `/${hiddenName}/-/${hiddenName}-1.0.0.tgz`;
  const seenBy = async (registry: RecordedRegistry): Promise<readonly string[]> =>
    (await registry.counts()).credentials;

  it('does not follow a redirect to another host', async () => {
    const other = await elsewhere();
    const home = newHome();
    const ground = stack.use(await openPrivateGround({ home, trustedHosts: ['127.0.0.1'] }));
    const readable = { ...privatePackage(hiddenName, []), readers: undefined };
    await other.put(JSON.parse(JSON.stringify(readable)));
    await ground.publicRegistry.setFaults([
      {
        fault: { name: 'redirect', location: `${other.url}${tarball.slice(1)}` },
        resource: 'tgz$',
      },
    ]);
    const way = { host: publicHost, prefix: '' };
    const answer = await askMirror(ground, way, { path: tarball, headers: bearer(owner) });
    expect(answer.status).toBe(200);
    expect((await other.counts()).requests[`GET ${tarball}`]).toBeGreaterThan(0);
    expect(await seenBy(ground.publicRegistry)).toEqual([`Bearer ${owner}`]);
    expect(await seenBy(other)).toEqual([]);
  });

  it('does not go to the host that a packument names for a tarball', async () => {
    const other = await elsewhere();
    await other.put({ name: hiddenName, versions: privatePackage(hiddenName, []).versions });
    const ground = stack.use(
      await openPrivateGround({
        home: newHome(),
        trustedHosts: ['127.0.0.1'],
        publicOptions: {
          packages: [privatePackage(hiddenName, [owner])],
          tarballBase: other.url,
          faults: [{ fault: { name: 'status', status: 404 }, resource: 'tgz$' }],
        },
      }),
    );
    const way = { host: publicHost, prefix: '' };
    const answer = await askMirror(ground, way, { path: tarball, headers: bearer(owner) });
    expect(answer.status).toBe(200);
    expect((await other.counts()).requests[`GET ${tarball}`]).toBe(1);
    expect(await seenBy(other)).toEqual([]);
  });

  it('that was given to the mirror for one of its registries does not reach the other', async () => {
    const ground = stack.use(await openPrivateGround({ home: newHome() }));
    const paths = [
      ...questionsFor('misspelt').map(({ path, method }) => ({ path, method: method ?? 'GET' })),
      ...questionsFor(boundName).map(({ path, method }) => ({ path, method: method ?? 'GET' })),
      { path: '/-/npm/v1/keys', method: 'GET' },
      { path: '/-/npm/v1/security/advisories/bulk', method: 'POST' },
      { path: '/-/npm/v1/security/audits/quick', method: 'POST' },
      { path: '/-/v1/search?text=acme', method: 'GET' },
    ];
    for (const asked of paths)
      await askMirror(ground, { prefix: '' }, { ...asked, headers: bearer(owner) });
    expect(await seenBy(ground.acmeRegistry)).toEqual([`Bearer ${owner}`]);
    expect(await seenBy(ground.publicRegistry)).toEqual([]);
  });

  it('for a proxy stays with the mirror', async () => {
    const ground = stack.use(await openPrivateGround({ home: newHome() }));
    const secrets = {
      'proxy-authorization': `Basic ${Buffer.from(`build-7:${owner}`).toString('base64')}`,
      'x-ashlar-build': 'build-7',
    };
    for (const [path, method] of [
      ['/open-to-all', 'GET'],
      ['/-/v1/search?text=open', 'GET'],
      ['/-/npm/v1/security/advisories/bulk', 'POST'],
      ['/open-to-all', 'PUT'],
    ] as const) {
      const asked = { path, method, headers: secrets };
      await askMirror(ground, { host: publicHost, prefix: '' }, asked);
    }
    expect((await ground.publicRegistry.counts()).totalRequests).toBeGreaterThanOrEqual(4);
    expect(await seenBy(ground.publicRegistry)).toEqual([]);
  });

  it('is not asked of other users of the machine, so they cannot read what is kept', async () => {
    const home = newHome();
    stack.use(await openPrivateGround({ home }));
    for (const own of ['cache', 'spool', 'secret']) {
      const { mode } = await stat(join(home, 'mirror', own));
      expect([own, mode & 0o077]).toEqual([own, 0]);
    }
  });

  it('is in no file, no line of the log, no metric and no status', async () => {
    const home = newHome();
    const ground = stack.use(await openPrivateGround({ home, refusal: 401 }));
    const basic = Buffer.from(`owner:${owner}`).toString('base64');
    for (const address of addresses) await askAll(ground, address);
    await ground.publicRegistry.setFaults([{ fault: { name: 'html' } }]);
    const broken = [
      { path: `/${hiddenName}`, headers: { authorization: `Basic ${basic}` } },
      { path: `/-/user/token/${owner}`, method: 'DELETE', headers: bearer(owner) },
      { path: `/${hiddenName}?token=${owner}`, headers: {} },
      { path: '/%00', headers: bearer(owner) },
      { path: '/open-to-all', headers: { cookie: `session=${owner}` } },
    ];
    for (const asked of broken) {
      await askMirror(ground, { host: publicHost, prefix: '' }, { ...asked, idleMs: 1_000 });
      await askMirror(ground, { host: acmeHost, prefix: '' }, { ...asked, idleMs: 1_000 });
    }
    const pages: string[] = [];
    for (const page of ['status', 'metrics', 'health']) {
      const answer = await askMirror(ground, { prefix: '' }, { path: `/-/ashlar/${page}` });
      pages.push(answer.body.toString());
    }
    const words = [owner, owner.toLowerCase(), basic, Buffer.from(owner).toString('base64')];
    const found = [
      ...(await filesBelow(home)),
      ['log', ground.mirror.log()],
      ['pages', pages.join()],
    ];
    expect(found.length).toBeGreaterThan(20);
    expect(ground.mirror.log()).toContain(hiddenName);
    const telling = found.filter(([name, text]) =>
      words.some((word) => `${name} ${text}`.includes(word)),
    );
    expect(telling.map(([name]) => name)).toEqual([]);
  });
});

async function askAll(ground: PrivateGround, address: (typeof addresses)[number]): Promise<void> {
  for (const question of questionsFor(address.name)) {
    const headers = { ...question.headers, ...bearer(owner) };
    await askMirror(ground, address, { ...question, headers });
  }
}

async function filesBelow(directory: string): Promise<[path: string, text: string][]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async ({ parentPath, name }): Promise<[string, string]> => {
      const path = join(parentPath, name);
      return [path, (await readFile(path)).toString('latin1')];
    }),
  );
}
