import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createAddressRule } from '../../src/upstream/address-rule.ts';
import { createTransport, readBody, type Transport } from '../../src/upstream/transport.ts';
import { startScriptedUpstream } from '../mirror/support/scripted-upstream.ts';

it('a small body that trickles in is given up after its time, and its connection too', async () => {
  const closed = Promise.withResolvers<void>();
  await using origin = await startScriptedUpstream((_request, response) => {
    response.once('close', closed.resolve);
    trickle().catch(closed.reject);
    async function trickle(): Promise<void> {
      for (; !response.destroyed; await sleep(20)) response.write(' ');
    }
  });
  await using transport = transportOf({});
  const response = await transport.send(get(origin.url));
  await expect(readBody(response, 1e6, { timeoutMs: 100 })).rejects.toMatchObject({
    message: expect.stringContaining('had not sent a whole answer after 0.1 s') as string,
    facts: { code: 'registry_unavailable', isPassing: true },
  });
  await closed.promise;
});

it('what is short does not wait for a connection behind what takes long', async () => {
  await using origin = await startScriptedUpstream((request, response) => {
    response.write('here');
    if (request.url === '/short') response.end();
  });
  await using transport = transportOf({}, { connections: 2 });
  const long = { ...get(`${origin.url}/long`), lane: 'long' } as const;
  await Promise.all([transport.send(long), transport.send(long)]);
  const signal = AbortSignal.timeout(5_000);
  const response = await transport.send({ ...get(`${origin.url}/short`), signal });
  expect((await readBody(response, 100)).toString()).toBe('here');
});

it.each(['http://169.254.169.254/latest', 'http://[::ffff:10.0.0.1]/', 'http://2130706434/'])(
  'a proxy is not told to go to a private address: %s',
  async (url) => {
    await using proxy = await startScriptedUpstream((_request, response) => response.end('here'));
    await using transport = transportOf({ http_proxy: proxy.url });
    const refused = { facts: { code: 'address_refused', isPassing: false } };
    await expect(transport.send(get(url))).rejects.toMatchObject(refused);
    expect(proxy.seen).toHaveLength(0);
    const named = await transport.send(get('http://registry.example/x'));
    expect((await readBody(named, 100)).toString()).toBe('here');
  },
);

function get(url: string): Parameters<Transport['send']>[0] {
  return { method: 'GET', url: new URL(url), headers: {} };
}

function transportOf(env: NodeJS.ProcessEnv, { connections = 8 } = {}): Transport {
  return createTransport({
    env,
    connections,
    timeouts: { connectMs: 2_000, headersMs: 4_000, bodyIdleMs: 2_000 },
    onTiming: () => {},
    monotonicMs: () => performance.now(),
    addressRule: createAddressRule(['127.0.0.1']),
  });
}
