import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createAddressRule } from '../../src/upstream/address-rule.ts';
import { AttemptFailure } from '../../src/upstream/attempt-failure.ts';
import type { OriginAuthorizer } from '../../src/upstream/send-authorized.ts';
import { defaultHealthPolicy } from '../../src/upstream/origin-health.ts';
import { createTransport, readBody } from '../../src/upstream/transport.ts';
import { createUpstream, type Upstream } from '../../src/upstream/upstream.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

describe('an upstream', () => {
  it('gives a definite answer at once, whatever it says', async () => {
    const origin = await serve((_request, response) => response.writeHead(404).end('none'));
    const upstream = upstreamOf([origin]);
    const response = await upstream.send({ method: 'GET', target: '/x?y=1', timeoutMs: 5_000 });
    expect(response).toMatchObject({ status: 404, attempts: 1 });
    expect((await readBody(response, 100)).toString()).toBe('none');
    expect(origin.requests).toEqual(['GET /x?y=1']);
    expect(upstream.states()[0]).toMatchObject({ isResting: false, failuresInRow: 0 });
  });

  it('repeats what passes, and waits as long as it is told', async () => {
    let count = 0;
    const times: number[] = [];
    const origin = await serve((_request, response) => {
      times.push(performance.now());
      count += 1;
      if (count === 1) response.writeHead(503).end();
      else if (count === 2) response.writeHead(429, { 'retry-after': '1' }).end();
      else if (count === 3) response.destroy();
      else response.end('here');
    });
    const response = await upstreamOf([origin]).send({
      method: 'GET',
      target: '/',
      timeoutMs: 9_000,
    });
    expect(response).toMatchObject({ status: 200, attempts: 4 });
    expect((times[2] ?? 0) - (times[1] ?? 0)).toBeGreaterThan(990);
    await response.discard();
  });

  it('asks the next origin at once, and below the path of each', async () => {
    const bad = await serve((_request, response) => response.writeHead(500).end());
    const good = await serve((_request, response) => response.end('here'));
    const upstream = upstreamOf([bad, { url: new URL('npm/', good.url) }]);
    const response = await upstream.send({ method: 'GET', target: '/x', timeoutMs: 5_000 });
    expect(response.status).toBe(200);
    expect(good.requests).toEqual(['GET /npm/x']);
    await response.discard();
  });

  it('goes on to the first that is well when another rests', async () => {
    const bad = await serve((_request, response) => response.writeHead(500).end());
    const good = await serve((_request, response) => response.end('here'));
    const upstream = upstreamOf([bad, good]);
    for (let count = 0; count < 20; count += 1) {
      const { discard } = await upstream.send({ method: 'GET', target: '/x', timeoutMs: 5_000 });
      await discard();
    }
    expect(bad.requests.length).toBe(defaultHealthPolicy.failuresToRest);
    expect(good.requests.length).toBe(20);
  });

  it('lets one request through to an origin that rests, and the others wait for what becomes of it', async () => {
    const state = { isDown: true };
    const origin = await serve((_request, response) => {
      if (state.isDown) response.destroy();
      else response.end('here');
    });
    const upstream = upstreamOf([origin]);
    const asked = Array.from({ length: 40 }, () =>
      upstream.send({ method: 'GET', target: '/', timeoutMs: 10_000 }),
    );
    await expect.poll(() => upstream.states()[0]?.isResting).toBe(true);
    // What was on its way when the rest began arrives all the same.
    await expect.poll(() => origin.requests.length).toBeGreaterThanOrEqual(asked.length);
    const duringRest = origin.requests.length;
    await sleep(1_500);
    expect(origin.requests.length - duringRest).toBeLessThan(8);
    state.isDown = false;
    for (const response of await Promise.all(asked)) {
      expect(response.status).toBe(200);
      await response.discard();
    }
    expect(upstream.states()[0]).toMatchObject({ isResting: false, troubledSinceMs: null });
  });

  it('ends in time, and says what was in the way', async () => {
    const origin = await serve((_request, response) => response.writeHead(503).end());
    const failing = upstreamOf([origin]).send({ method: 'GET', target: '/', timeoutMs: 600 });
    await expect(failing).rejects.toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringMatching(
        /^127\.0\.0\.1:\d+ answered 503; asked \d+ times within 0\.6 s$/,
      ),
    });
    const silent = await serve(() => {});
    const waiting = upstreamOf([silent]).send({ method: 'GET', target: '/', timeoutMs: 300 });
    await expect(waiting).rejects.toMatchObject({ code: 'registry_unavailable' });
  });

  it("ends with the caller's reason", async () => {
    const silent = await serve(() => {});
    const caller = new AbortController();
    const request = {
      method: 'GET',
      target: '/',
      timeoutMs: 5_000,
      signal: caller.signal,
    } as const;
    const asked = upstreamOf([silent]).send(request);
    await expect.poll(() => silent.requests.length).toBe(1);
    caller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });

  it('answers a challenge once, of the origin alone, and a refusal is no trouble of the origin', async () => {
    const challenged: string[] = [];
    const elsewhere = await serve((_request, response) => response.writeHead(401).end());
    const origin = await serve((request, response) => {
      if (request.url === '/away') response.writeHead(302, { location: elsewhere.url.href }).end();
      else if (request.headers.authorization === 'Bearer good') response.end('here');
      else response.writeHead(401, { 'www-authenticate': 'Bearer realm="x"' }).end();
    });
    const authorizer = (answer: () => string): OriginAuthorizer => ({
      current: async () => null,
      answer: async (_origin, { challenge, refused }) => {
        challenged.push(`${challenge} ${refused}`);
        return answer();
      },
    });
    const upstream = upstreamOf([origin], [elsewhere]);
    const ask = async (target: string, authorization: OriginAuthorizer): Promise<number> => {
      const answer = await upstream.send({
        method: 'GET',
        target,
        timeoutMs: 5_000,
        authorization,
      });
      await answer.discard();
      return answer.status;
    };
    expect(
      await ask(
        '/one',
        authorizer(() => 'Bearer good'),
      ),
    ).toBe(200);
    expect(
      await ask(
        '/one',
        authorizer(() => 'Bearer bad'),
      ),
    ).toBe(401);
    expect(
      await ask(
        '/away',
        authorizer(() => 'Bearer good'),
      ),
    ).toBe(401);
    expect(challenged).toEqual(['Bearer realm="x" null', 'Bearer realm="x" null']);
    const refusal = { code: 'registry_auth_required', isPassing: false } as const;
    for (let count = 0; count < 10; count += 1) {
      const refused = ask(
        '/one',
        authorizer(() => {
          throw new AttemptFailure('no login', refusal);
        }),
      );
      await expect(refused).rejects.toMatchObject({ code: 'registry_auth_required' });
    }
    expect(upstream.states()[0]).toMatchObject({ isResting: false, failuresInRow: 0 });
  });

  it('sends a credential to the origin, and not to where that redirects', async () => {
    const seen: (string | undefined)[] = [];
    const elsewhere = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end();
    });
    const origin = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(302, { location: elsewhere.url.href }).end();
    });
    const upstream = upstreamOf([origin], [elsewhere]);
    const request = {
      method: 'GET',
      target: '/',
      timeoutMs: 5_000,
      authorization: 'Bearer x',
    } as const;
    await (await upstream.send(request)).discard();
    expect(seen).toEqual(['Bearer x', undefined]);
  });

  // The attack: a registry that is taken over, or a document in it, sends the mirror into its own network.
  it('does not let a redirect lead to a private address', async () => {
    const inner = await serve((_request, response) => response.end('secret'));
    const location = `http://localhost:${inner.url.port}/`;
    const origin = await serve((_request, response) => response.writeHead(302, { location }).end());
    const asked = upstreamOf([origin]).send({ method: 'GET', target: '/', timeoutMs: 5_000 });
    await expect(asked).rejects.toMatchObject({ code: 'address_refused' });
    expect(inner.requests).toEqual([]);
    const direct = new URL(`http://[::ffff:127.0.0.1]:${inner.url.port}/`);
    const foreign = upstreamOf([origin]).send({ method: 'GET', target: direct, timeoutMs: 5_000 });
    await expect(foreign).rejects.toMatchObject({ code: 'address_refused' });
    expect(inner.requests).toEqual([]);
  });

  it('tells what the time went to', async () => {
    const origin = await serve((_request, response) => setTimeout(() => response.end(), 120));
    const response = await upstreamOf([origin]).send({
      method: 'GET',
      target: '/',
      timeoutMs: 5_000,
    });
    await response.discard();
    expect(response.timing.waitMs).toBeGreaterThan(100);
    expect(response.timing.connectMs).toBeGreaterThan(0);
    expect(response.timing.tlsMs).toBe(0);
  });
});

interface TestOrigin {
  readonly url: URL;
  readonly requests: string[];
}

async function serve(handle: RequestListener): Promise<TestOrigin> {
  const requests: string[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}/`), requests };
}

/** Of hosts, those that are origins are trusted by their name, which is an address here: others need naming. */
function upstreamOf(
  origins: readonly { readonly url: URL }[],
  trusted: readonly { readonly url: URL }[] = [],
): Upstream {
  const hosts = [...origins, ...trusted].map(({ url }) => url.hostname);
  const transport = createTransport({
    env: {},
    connections: 16,
    timeouts: { connectMs: 2_000, headersMs: 4_000, bodyIdleMs: 2_000 },
    onTiming: () => {},
    monotonicMs: () => performance.now(),
    addressRule: createAddressRule(hosts),
  });
  open.push(transport);
  return createUpstream({
    origins: origins.map(({ url }) => url),
    transport,
    retry: { attempts: 200, baseDelayMs: 20, maxDelayMs: 100, maxRetryAfterMs: 2_000 },
    health: defaultHealthPolicy,
    waiting: {
      nowMs: Date.now,
      sleep: async (delayMs, signal) => {
        await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
      },
      random: Math.random,
    },
  });
}
