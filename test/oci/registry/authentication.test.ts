import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../../src/oci/registry/credential.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { buildImage } from '../support/build-image.ts';
import { rejectionOf } from '../support/failures.ts';
import { fastClient } from '../support/fast-client.ts';
import { answerJson, startTestRegistry, type TestRegistry } from '../support/test-registry.ts';
import { bearerAuth } from '../support/token-server.ts';

const image = buildImage({ layers: [{ tar: Buffer.from('layer'), compression: 'gzip' }] });
const password = { kind: 'password', username: 'ann', password: 'pa:ss' } as const;
const basic = `Basic ${Buffer.from('ann:pa:ss').toString('base64')}`;

let registry: TestRegistry;
let elsewhere: TestRegistry;

beforeAll(async () => {
  registry = await startTestRegistry({ v1: image });
  elsewhere = await startTestRegistry({ v1: image });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await elsewhere[Symbol.asyncDispose]();
});
beforeEach(() => {
  for (const each of [registry, elsewhere]) {
    each.faults.length = 0;
    (each.seen as unknown[]).length = 0;
  }
});

function having(credential: Credential | null, problem: string | null = null) {
  return { credentials: async () => ({ credential, problem }) };
}

function reference(repository = 'app') {
  return parseReference(`${registry.host}/${repository}:v1`);
}

function realm(): string {
  return `http://${registry.host}/token`;
}

describe('Basic', () => {
  it('sends the password to the registry, after it has asked', async () => {
    registry.faults.push(({ headers }, response) => {
      if (headers.authorization === basic) return false;
      return answerJson(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="x"' });
    });
    await using client = fastClient(having(password));
    await client.fetchManifest(reference());
    await client.fetchManifest(reference());
    expect(registry.seen.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      basic,
      basic,
    ]);
  });

  it('gives up after one wrong password, and without one', async () => {
    registry.faults.push((_, response) =>
      answerJson(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="x"' }),
    );
    await using client = fastClient(having(password));
    for (let round = 0; round < 2; round += 1) {
      const failure = await rejectionOf(() => client.fetchManifest(reference()));
      expect(failure).toMatchObject({ code: 'registry_auth_required' });
      expect((failure as Error).message).not.toContain('pa:ss');
    }
    await using other = fastClient(having(null, 'the credential helper x is not installed'));
    expect(await rejectionOf(() => other.fetchManifest(reference()))).toMatchObject({
      code: 'registry_auth_required',
      message: expect.stringMatching(/asks for a login; the credential helper x is not installed/),
    });
  });
});

describe('Bearer', () => {
  it('fetches one token for a repository and uses it until 80 % of its life', async () => {
    registry.faults.push(
      bearerAuth({ realm: realm(), tokenFor: (_, number) => `t${number}`, expiresInS: 100 }),
    );
    let nowMs = 1_000_000;
    await using client = fastClient({ ...having(password), nowMs: () => nowMs });
    await client.fetchManifest(reference());
    nowMs += 79_000;
    await client.fetchManifest(reference());
    const [asked, ...more] = registry.seenPaths(/token/);
    expect(more).toHaveLength(0);
    expect(asked?.path).toBe('/token?service=test&scope=repository%3Aapp%3Apull');
    expect(asked?.headers.authorization).toBe(basic);
    nowMs += 2_000;
    await client.fetchManifest(reference());
    expect(registry.seenPaths(/token/)).toHaveLength(2);
    await client.fetchManifest(reference('other'));
    expect(registry.seenPaths(/token/)).toHaveLength(3);
  });

  it('takes 60 seconds where the token service names no time', async () => {
    registry.faults.push(bearerAuth({ realm: realm(), tokenFor: (_, number) => `t${number}` }));
    let nowMs = 0;
    await using client = fastClient({ nowMs: () => nowMs });
    await client.fetchManifest(reference());
    nowMs = 47_999;
    await client.fetchManifest(reference());
    expect(registry.seenPaths(/token/)).toHaveLength(1);
    nowMs = 48_001;
    await client.fetchManifest(reference());
    expect(registry.seenPaths(/token/)).toHaveLength(2);
  });

  it('asks anonymously without credentials', async () => {
    registry.faults.push(bearerAuth({ realm: realm(), tokenFor: () => 'anonymous' }));
    await using client = fastClient();
    await client.fetchManifest(reference());
    expect(registry.seenPaths(/token/)[0]?.headers.authorization).toBeUndefined();
  });

  it('fetches one token, however many ask at a time', async () => {
    registry.faults.push(bearerAuth({ realm: realm(), tokenFor: (_, number) => `t${number}` }));
    await using client = fastClient();
    await Promise.all(Array.from({ length: 40 }, () => client.fetchManifest(reference())));
    expect(registry.seenPaths(/token/)).toHaveLength(1);
  });

  it('lets one who asks leave without ending what others wait for', async () => {
    const answer = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const auth = bearerAuth({ realm: realm(), tokenFor: () => 't' });
    registry.faults.push((request, response, bytes) => {
      if (!request.path.startsWith('/token')) return auth(request, response, bytes);
      asked.resolve();
      void answer.promise.then(() => auth(request, response, bytes));
      return true;
    });
    const controller = new AbortController();
    await using client = fastClient({ timeouts: { headersMs: 5000 } });
    const leaving = rejectionOf(() => client.fetchManifest(reference(), controller.signal));
    await asked.promise;
    const staying = client.fetchManifest(reference());
    controller.abort(new Error('enough'));
    expect(await leaving).toMatchObject({ message: 'enough' });
    answer.resolve();
    expect((await staying).digest).toBe(image.digest);
    expect(registry.seenPaths(/token/)).toHaveLength(1);
  });

  it('fetches a new token once when the registry no longer takes the old one', async () => {
    let accepted = 't1';
    registry.faults.push(
      bearerAuth({
        realm: realm(),
        tokenFor: (_, number) => `t${number}`,
        accepts: (token) => token === accepted,
      }),
    );
    await using client = fastClient();
    await client.fetchManifest(reference());
    accepted = 't2';
    await client.fetchManifest(reference());
    expect(registry.seenPaths(/token/)).toHaveLength(2);
    accepted = 'none';
    expect(await rejectionOf(() => client.fetchManifest(reference()))).toMatchObject({
      code: 'registry_auth_required',
    });
    expect(registry.seenPaths(/token/)).toHaveLength(3);
  });

  it('sends an identity token by POST', async () => {
    const seen: string[] = [];
    registry.faults.push(
      bearerAuth({
        realm: realm(),
        tokenFor: ({ method, headers }) => {
          seen.push(`${method} ${headers['content-type']} ${headers.authorization}`);
          return 't';
        },
      }),
    );
    await using client = fastClient(having({ kind: 'identity', token: 'refresh-me' }));
    await client.fetchManifest(reference());
    expect(seen).toEqual(['POST application/x-www-form-urlencoded undefined']);
    expect(registry.seenPaths(/token/)[0]?.path).toBe('/token');
  });

  it.each([
    ['refuses', 401, 'registry_auth_required', 1],
    ['limits', 429, 'registry_rate_limited', 5],
    ['breaks', 503, 'registry_unavailable', 5],
    ['redirects', 302, 'registry_unavailable', 1],
  ])('tells when the token service %s', async (_, status, code, times) => {
    const auth = bearerAuth({ realm: realm(), tokenFor: () => null });
    registry.faults.push((request, response, bytes) => {
      if (!request.path.startsWith('/token')) return auth(request, response, bytes);
      return answerJson(response, status, 'X', { location: `http://${elsewhere.host}/` });
    });
    await using client = fastClient(having(password));
    expect(await rejectionOf(() => client.fetchManifest(reference()))).toMatchObject({
      code,
      message: expect.stringContaining(`the token service ${registry.host}`),
    });
    expect(registry.seenPaths(/token/)).toHaveLength(times);
    expect(elsewhere.seen).toHaveLength(0);
  });

  it.each(['not json', '{}', '{"token":"a\\r\\nb"}', '{"token":7}', '['.repeat(1000)])(
    'does not take %j for a token',
    async (body) => {
      const auth = bearerAuth({ realm: realm(), tokenFor: () => null });
      registry.faults.push((request, response, bytes) => {
        if (!request.path.startsWith('/token')) return auth(request, response, bytes);
        response.end(body);
        return true;
      });
      await using client = fastClient();
      expect(await rejectionOf(() => client.fetchManifest(reference()))).toMatchObject({
        code: 'registry_unavailable',
        message: expect.stringContaining('gave no valid token (5 attempts)'),
      });
    },
  );
});

describe('a hostile realm (CVE-2026-33540)', () => {
  it('on another host gets neither password nor request', async () => {
    // Another port of the same host is allowed, so the foreign host needs another name.
    const foreign = `http://localhost:${elsewhere.host.split(':')[1]}/token`;
    registry.faults.push(bearerAuth({ realm: foreign, tokenFor: () => 't' }));
    await using client = fastClient(having(password));
    expect(await rejectionOf(() => client.fetchManifest(reference()))).toMatchObject({
      code: 'registry_auth_required',
      message: expect.stringMatching(/sends to a foreign host for a token \(localhost:\d+\)/),
    });
    expect(elsewhere.seen).toHaveLength(0);
  });

  it('is asked where the user trusts it for this registry', async () => {
    const foreign = `http://localhost:${elsewhere.host.split(':')[1]}/token`;
    registry.faults.push(bearerAuth({ realm: foreign, tokenFor: () => 't' }));
    elsewhere.faults.push((_, response) => {
      response.end('{"token":"trusted"}');
      return true;
    });
    const trustedRealms = { [registry.host]: ['localhost'] };
    await using client = fastClient({ ...having(password), trustedRealms });
    await rejectionOf(() => client.fetchManifest(reference()));
    expect(registry.seen.at(-1)?.headers.authorization).toBe('Bearer trusted');
  });
});
