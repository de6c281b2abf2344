import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import {
  createDnsResponder,
  type DnsResponder,
  type DnsResponderOptions,
} from '../../../mirror/dns/dns-responder.ts';
import { askTcp, askUdp, query } from './support/ask.ts';
import {
  addresses,
  type AskedQuery,
  type FakeResolver,
  replyTo,
  startFakeResolver,
} from './support/fake-resolver.ts';

const name = 'Host.Example.TEST';
const limits = { attemptTimeoutMs: 250, totalTimeoutMs: 700 };

function startResponder(
  forwardTo: readonly { host: string; port: number }[],
  options: Partial<DnsResponderOptions> = {},
): Promise<DnsResponder> {
  return createDnsResponder({
    listen: { host: '127.0.0.1', port: 0 },
    answers: new Map([['registry.npm.test', ['10.0.0.1']]]),
    forwardTo,
    limits,
    ...options,
  });
}

const answering =
  (count = 1) =>
  ({ bytes, reply }: AskedQuery): void =>
    reply(replyTo(bytes, addresses(name, count)));
const silent = (): void => {};
const failing = ({ bytes, reply }: AskedQuery): void => reply(replyTo(bytes, [], 0x0182));

describe("a name that is not the mirror's", () => {
  it('is asked of the resolver, and the reply goes on as it is', async () => {
    await using resolver = await startFakeResolver(answering(3));
    await using responder = await startResponder([resolver]);
    const asked = query({ name, type: 'A', udpBytes: 1400, id: 99 });
    const reply = await askUdp(responder, asked);
    const [seen] = resolver.asked;
    expect(seen?.bytes.subarray(2)).toEqual(asked.subarray(2));
    expect(reply.bytes.subarray(2)).toEqual(replyTo(asked, addresses(name, 3)).subarray(2));
    expect([reply.id, reply.questions?.[0]?.name]).toEqual([99, name]);
    expect((await askTcp(responder, asked))[0]?.bytes).toEqual(reply.bytes);
  });

  it('keeps the case of its letters when the resolver does not', async () => {
    await using resolver = await startFakeResolver(({ bytes, reply }) =>
      reply(replyTo(Buffer.from(bytes.toString('latin1').toLowerCase(), 'latin1'), [])),
    );
    await using responder = await startResponder([resolver]);
    // No letters in the id, which the resolver above would change.
    expect((await askUdp(responder, query({ name }))).questions?.[0]?.name).toBe(name);
  });

  it('is asked with ids and ports that cannot be foreseen', async () => {
    await using resolver = await startFakeResolver(answering());
    await using responder = await startResponder([resolver]);
    const asking = Array.from({ length: 40 }, (_, index) =>
      askUdp(responder, query({ name: `n${index}.test`, id: 5 })),
    );
    await Promise.all(asking);
    const ids = new Set(resolver.asked.map(({ bytes }) => bytes.readUInt16BE(0)));
    const ports = new Set(resolver.asked.map(({ from }) => from.port));
    expect(resolver.asked).toHaveLength(40);
    expect(ids.size).toBeGreaterThan(35);
    expect(ports.size).toBeGreaterThan(35);
  });

  it('is asked once for all that ask in the same bytes, and each gets its own id', async () => {
    const held: AskedQuery[] = [];
    await using resolver = await startFakeResolver((asked) => held.push(asked));
    await using responder = await startResponder([resolver], { limits: {} });
    const asking = Array.from({ length: 50 }, (_, id) => askUdp(responder, query({ name, id })));
    // One of other bytes comes last: all before it have been taken then.
    const last = askUdp(responder, query({ name, udpBytes: 1000 }));
    await expect.poll(() => held.length).toBe(2);
    for (const asked of held) answering()(asked);
    expect((await Promise.all(asking)).map(({ id }) => id)).toEqual(
      Array.from({ length: 50 }, (_, id) => id),
    );
    await last;
    expect(resolver.asked).toHaveLength(2);
  });
});

describe('a resolver that lies', () => {
  const wrong: Readonly<Record<string, (reply: Buffer) => void>> = {
    'another id': (reply) => reply.writeUInt16BE(reply.readUInt16BE(0) ^ 1, 0),
    'another question': (reply) => reply.write('x', 13),
    'another type': (reply) => reply.writeUInt16BE(28, 12 + name.length + 2),
    'no question': (reply) => reply.writeUInt16BE(0, 4),
    'a query': (reply) => reply.writeUInt8(reply.readUInt8(2) & 0x7f, 2),
    'another opcode': (reply) => reply.writeUInt8(reply.readUInt8(2) | 0x20, 2),
  };

  it.each(Object.entries(wrong))(
    'with %s is not believed, but waited for',
    async (_kind, spoil) => {
      await using resolver = await startFakeResolver(({ bytes, reply }) => {
        const forged = replyTo(bytes, [{ type: 'A', name, data: '6.6.6.6' }]);
        spoil(forged);
        reply(forged);
        reply(Buffer.alloc(3));
        reply(replyTo(bytes, addresses(name, 1)));
      });
      await using responder = await startResponder([resolver]);
      expect((await askUdp(responder, query({ name }))).answers).toMatchObject([
        { data: '192.0.2.0' },
      ]);
    },
  );

  it('from another port is not heard', async () => {
    const forger = createSocket('udp4');
    await using resolver = await startFakeResolver(({ bytes, from, reply }) => {
      const forged = replyTo(bytes, [{ type: 'A', name, data: '6.6.6.6' }]);
      forger.send(forged, from.port, '127.0.0.1', () => reply(replyTo(bytes, addresses(name, 1))));
    });
    await using responder = await startResponder([resolver]);
    expect((await askUdp(responder, query({ name }))).answers).toMatchObject([
      { data: '192.0.2.0' },
    ]);
    forger.close();
  });

  it('again and again is asked over TCP', async () => {
    await using resolver = await startFakeResolver((asked) => {
      if (asked.transport === 'tcp') answering()(asked);
      const forged = replyTo(asked.bytes, [{ type: 'A', name, data: '6.6.6.6' }]);
      for (let guess = 1; guess <= 20; guess += 1) {
        forged.writeUInt16BE((asked.bytes.readUInt16BE(0) + guess) & 0xffff, 0);
        if (asked.transport === 'udp') asked.reply(Buffer.from(forged));
      }
    });
    await using responder = await startResponder([resolver]);
    expect((await askUdp(responder, query({ name }))).answers).toMatchObject([
      { data: '192.0.2.0' },
    ]);
    expect(resolver.asked.map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
  });

  it('over TCP is given up', async () => {
    await using resolver = await startFakeResolver(({ bytes, transport, reply }) => {
      const good = replyTo(bytes, addresses(name, 1), transport === 'udp' ? 0x0380 : 0x0180);
      if (transport === 'tcp') good.writeUInt16BE(good.readUInt16BE(0) ^ 1, 0);
      reply(good);
    });
    await using responder = await startResponder([resolver]);
    const reply = await askUdp(responder, query({ name }));
    // What came over UDP is all there is.
    expect([reply.flag_tc, reply.answers?.length]).toEqual([true, 1]);
  });
});

describe('a long answer', () => {
  const truncating = ({ bytes, transport, reply }: AskedQuery): void =>
    reply(transport === 'udp' ? replyTo(bytes, [], 0x0380) : replyTo(bytes, addresses(name, 60)));

  it('is fetched over TCP, and cut to what the client takes', async () => {
    await using resolver = await startFakeResolver(truncating);
    await using responder = await startResponder([resolver]);
    const plain = await askUdp(responder, query({ name }));
    expect([plain.flag_tc, plain.answers, plain.rcode, plain.id]).toEqual([
      true,
      [],
      'NOERROR',
      4711,
    ]);
    const small = await askUdp(responder, query({ name, udpBytes: 1232 }));
    expect([small.flag_tc, small.answers, small.additionals?.length]).toEqual([true, [], 1]);
    const large = await askUdp(responder, query({ name, udpBytes: 4096 }));
    expect([large.flag_tc, large.answers?.length]).toEqual([false, 60]);
    const [whole] = await askTcp(responder, query({ name }));
    expect([whole?.flag_tc, whole?.answers?.length]).toEqual([false, 60]);
  });

  it('is cut as the resolver cut it where that has no TCP', async () => {
    await using resolver = await startFakeResolver(truncating, 'udp');
    await using responder = await startResponder([resolver]);
    expect((await askUdp(responder, query({ name }))).flag_tc).toBe(true);
  });

  it('that a resolver sends too long for the client is cut here', async () => {
    await using resolver = await startFakeResolver(answering(60));
    await using responder = await startResponder([resolver]);
    const reply = await askUdp(responder, query({ name, udpBytes: 700 }));
    expect([reply.flag_tc, reply.answers, reply.bytes.length < 700]).toEqual([true, [], true]);
  });
});

describe('a resolver that does not help', () => {
  it.each<[string, (query: AskedQuery) => void]>([
    ['is silent', silent],
    ['fails', failing],
    ['refuses', ({ bytes, reply }) => reply(replyTo(bytes, [], 0x0185))],
  ])('and %s makes way for the next', async (_kind, behave) => {
    await using first = await startFakeResolver(behave);
    await using second = await startFakeResolver(answering());
    await using responder = await startResponder([first, second]);
    expect((await askUdp(responder, query({ name }))).answers).toHaveLength(1);
    expect([first.asked.length, second.asked.length]).toEqual([1, 1]);
  });

  it('and is not there makes way at once', async () => {
    await using second = await startFakeResolver(answering());
    const gone = await gonePort();
    await using responder = await startResponder([gone, second], {
      limits: { attemptTimeoutMs: 60_000, totalTimeoutMs: 60_000 },
    });
    expect((await askUdp(responder, query({ name }))).answers).toHaveLength(1);
  });

  it('and was silent comes last for half a minute', async () => {
    const clock = { nowMs: 0 };
    await using first = await startFakeResolver(silent);
    await using second = await startFakeResolver(answering());
    await using responder = await startResponder([first, second], { nowMs: () => clock.nowMs });
    for (let index = 0; index < 3; index += 1)
      await askUdp(responder, query({ name: `n${index}.test` }));
    expect([first.asked.length, second.asked.length]).toEqual([1, 3]);
    clock.nowMs += 31_000;
    await askUdp(responder, query({ name }));
    expect([first.asked.length, second.asked.length]).toEqual([2, 4]);
  });

  it('is asked again, and then the client hears of it', async () => {
    await using only = await startFakeResolver(silent);
    const outcomes: string[] = [];
    await using responder = await startResponder([only], {
      observe: ({ outcome, name: asked, durationMs }) =>
        outcomes.push(`${outcome} ${asked} ${durationMs < 5000}`),
    });
    const reply = await askUdp(responder, query({ name, udpBytes: 1232 }));
    expect([reply.rcode, reply.id, reply.answers, reply.additionals?.length]).toEqual([
      'SERVFAIL',
      4711,
      [],
      1,
    ]);
    expect(only.asked).toHaveLength(2);
    expect(outcomes).toEqual(['failed host.example.test true']);
  });

  it('alone has its failure passed on', async () => {
    await using only = await startFakeResolver(failing);
    await using responder = await startResponder([only]);
    expect((await askUdp(responder, query({ name }))).rcode).toBe('SERVFAIL');
    expect(only.asked).toHaveLength(2);
  });

  it("does not keep the mirror's own names from being answered", async () => {
    const held: AskedQuery[] = [];
    await using only = await startFakeResolver((asked) => held.push(asked));
    await using responder = await startResponder([only], { limits: { maxOpenQueries: 3 } });
    const waiting = [1, 2, 3].map((index) => askUdp(responder, query({ name: `n${index}.test` })));
    await expect.poll(() => held.length).toBe(3);
    const more = await askUdp(responder, query({ name }));
    expect([more.rcode, held.length]).toEqual(['SERVFAIL', 3]);
    const own = await askUdp(responder, query({ name: 'registry.npm.test' }));
    expect(own.answers).toHaveLength(1);
    for (const asked of held) answering()(asked);
    for (const reply of await Promise.all(waiting)) expect(reply.rcode).toBe('NOERROR');
  });

  it('does not hold the end of the responder', async () => {
    await using only = await startFakeResolver(silent);
    const problems: unknown[] = [];
    const responder = await startResponder([only], {
      limits: { attemptTimeoutMs: 60_000, totalTimeoutMs: 60_000 },
      onProblem: (error) => problems.push(error),
    });
    const socket = createSocket('udp4');
    socket.send(query({ name }), responder.port, responder.host);
    await expect.poll(() => only.asked.length).toBe(1);
    await responder[Symbol.asyncDispose]();
    await responder[Symbol.asyncDispose]();
    socket.close();
    expect(problems).toEqual([]);
  });
});

async function gonePort(): Promise<{ host: string; port: number }> {
  const resolver: FakeResolver = await startFakeResolver(silent);
  await resolver[Symbol.asyncDispose]();
  return resolver;
}
