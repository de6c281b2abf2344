import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { createByteBudget } from '../../../mirror/documents/byte-budget.ts';
import {
  defaultReceiveLimits,
  type ReceivedPackument,
  receivePackument,
  type ReceiveLimits,
} from '../../../mirror/documents/receive-packument.ts';
import type { TransportResponse } from '../../../src/network.ts';

const limits = {
  ...defaultReceiveLimits,
  timeoutMs: 5_000,
  signal: new AbortController().signal,
};

/** An answer that counts the pieces that were taken of it. */
function answer(bytes: Buffer, encoding: string): { response: TransportResponse; taken(): number } {
  let taken = 0;
  const body = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 10) {
      taken += 1;
      yield bytes.subarray(at, at + 10);
    }
  };
  const response = {
    url: new URL('http://registry.test/'),
    status: 200,
    body: body(),
    header: (name: string) => (name === 'content-encoding' ? encoding : null),
    discard: async () => {},
  } as unknown as TransportResponse;
  return { response, taken: () => taken };
}

function receive(
  { response }: { response: TransportResponse },
  more: Pick<ReceiveLimits, 'room'> & Partial<ReceiveLimits>,
): Promise<ReceivedPackument> {
  return receivePackument(response, 'one', { ...limits, ...more });
}

const packument = Buffer.from(`{"name":"one","versions":{},"readme":"${'x'.repeat(20_000)}"}`);
const plain = Buffer.from('{"name":"one","versions":{}}');

it('of many that arrive at once, some wait until others are stored', async () => {
  const budget = createByteBudget(50);
  const room = budget.open();
  const first = await receive(answer(gzipSync(packument), 'gzip'), { room });
  expect(first.index.sizeBytes).toBe(packument.length);
  const other = answer(gzipSync(packument), 'gzip');
  using later = budget.open();
  const second = receive(other, { room: later });
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  expect(other.taken()).toBeLessThanOrEqual(2);
  room[Symbol.dispose]();
  expect((await second).digest).toBe(first.digest);
});

it.each(['gzip', 'identity'])('the end of the mirror ends it (%s)', async (encoding) => {
  const stop = new AbortController();
  const endless = async function* (): AsyncGenerator<Buffer> {
    yield encoding === 'gzip' ? gzipSync(packument).subarray(0, 50) : plain.subarray(0, 10);
    for (;;) {
      await setImmediate();
      yield Buffer.alloc(0);
    }
  };
  const { response } = answer(plain, encoding);
  const budget = createByteBudget(1_000);
  using room = budget.open();
  const receiving = receive(
    { response: { ...response, body: endless() } },
    { room, signal: stop.signal },
  );
  await setImmediate();
  stop.abort();
  await expect(receiving).rejects.toThrow(/abort/i);
});
