import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as passed } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAnswerQuery } from '../../../mirror/dns/answer-queries.ts';
import {
  createDnsResponder,
  type DnsResponder,
  type DnsResponderOptions,
} from '../../../mirror/dns/dns-responder.ts';
import { mirroredNames } from '../../../mirror/dns/mirrored-answer.ts';
import { askTcp, askUdp, query } from './support/ask.ts';
import { framed } from './support/fake-resolver.ts';

const host = 'registry.npm.test';
const answers = new Map([[host, ['10.0.0.1']]]);
const start = (options: Partial<DnsResponderOptions> = {}): Promise<DnsResponder> =>
  createDnsResponder({
    listen: { host: '127.0.0.1', port: 0 },
    answers,
    forwardTo: [],
    ...options,
  });

const good = query({ name: host, udpBytes: 1232 });

/** Good messages with bytes changed, cut or added: what reaches the deeper parts of a reader. */
const bent = fc
  .record({
    base: fc.constantFrom(
      good,
      query({ name: 'other.test' }),
      query({ name: 'a.'.repeat(100), type: 'HTTPS' }),
    ),
    changes: fc.array(fc.record({ at: fc.nat(60), byte: fc.nat(255) }), { maxLength: 6 }),
    cut: fc.option(fc.nat(60)),
    tail: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array(4096))),
  })
  .map(({ base, changes, cut, tail }) => {
    const bytes = Buffer.concat([base.subarray(0, cut ?? base.length), tail]);
    for (const { at, byte } of changes) if (at < bytes.length) bytes.writeUInt8(byte, at);
    return bytes;
  });
const messages = fc.oneof(
  bent,
  fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
);

describe('messages that are none', () => {
  it('get a short reply with their id, or nothing', async () => {
    const answer = createAnswerQuery({
      names: mirroredNames(answers),
      ttlSeconds: 60,
      forwarder: null,
      observe: () => {},
    });
    await fc.assert(
      fc.asyncProperty(
        messages,
        fc.constantFrom('udp' as const, 'tcp' as const),
        async (message, transport) => {
          const reply = await answer(message, transport);
          if (message.length < 12 || message.length > 4096 || message.readUInt8(2) >= 0x80) {
            expect(reply).toBeNull();
            return;
          }
          expect(reply?.subarray(0, 2)).toEqual(message.subarray(0, 2));
          expect(reply?.readUInt8(2)).toBeGreaterThanOrEqual(0x80);
          // The question, and one address or the start of an authority.
          expect(reply?.length).toBeLessThan(message.length + 150);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('leave the responder serving, over UDP', async () => {
    const problems: unknown[] = [];
    await using responder = await start({ onProblem: (error) => problems.push(error) });
    const socket = createSocket('udp4');
    // A few at a time: what does not fit into the socket's buffer is lost, and the good ones with it.
    for (let batch = 0; batch < 10; batch += 1) {
      for (const message of fc.sample(messages, 50))
        socket.send(message, responder.port, '127.0.0.1');
      expect((await askUdp(responder, good)).answers).toHaveLength(1);
    }
    socket.close();
    expect(problems).toEqual([]);
  });

  it('leave the responder serving, over TCP', async () => {
    const problems: unknown[] = [];
    await using responder = await start({ onProblem: (error) => problems.push(error) });
    const sockets = fc.sample(messages, 60).map((message, index) => {
      const socket = connect(responder.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(index % 2 === 0 ? framed(message) : message);
      return socket;
    });
    const [reply] = await askTcp(responder, good);
    expect(reply?.answers).toHaveLength(1);
    for (const socket of sockets) socket.destroy();
    expect(problems).toEqual([]);
  });

  it.each([
    ['two questions', 4, 2, 'FORMERR'],
    ['no question', 4, 0, 'FORMERR'],
    ['answers', 6, 1, 'FORMERR'],
    ['many additions', 10, 40, 'FORMERR'],
    ['an update', 2, 0x2800, 'NOTIMP'],
    ['a notification', 2, 0x2000, 'NOTIMP'],
  ])('such as %s get a code alone', async (_kind, at, value, rcode) => {
    await using responder = await start();
    const bytes = Buffer.from(good);
    bytes.writeUInt16BE(value, at);
    const reply = await askUdp(responder, bytes);
    expect([reply.rcode, reply.bytes.length, reply.id]).toEqual([rcode, 12, 4711]);
  });
});

describe('machines outside the networks allowed', () => {
  it('hear nothing over UDP, and are cut off over TCP', async () => {
    const seen: string[] = [];
    await using responder = await start({
      allowFrom: ['127.0.0.2/32'],
      observe: ({ transport }) => seen.push(transport),
    });
    const outside = createSocket('udp4');
    let heard = 0;
    outside.on('message', () => (heard += 1));
    outside.bind(0, '127.0.0.1');
    await once(outside, 'listening');
    await new Promise((resolve) => outside.send(good, responder.port, '127.0.0.1', resolve));
    const cut = connect(responder.port, '127.0.0.1');
    cut.on('error', () => {});
    cut.write(framed(good));
    await once(cut, 'close');
    const inside = createSocket('udp4');
    inside.bind(0, '127.0.0.2');
    await once(inside, 'listening');
    inside.send(good, responder.port, '127.0.0.1');
    await once(inside, 'message');
    inside.close();
    outside.close();
    expect([heard, seen]).toEqual([0, ['udp']]);
  });
});

describe('connections', () => {
  it('carry many queries, and end when the client has no more', async () => {
    await using responder = await start();
    const queries = Array.from({ length: 200 }, (_, id) => query({ name: host, id }));
    const replies = await askTcp(responder, ...queries);
    expect(replies.map(({ id }) => id).sort((left, right) => (left ?? 0) - (right ?? 0))).toEqual(
      queries.map((_, id) => id),
    );
  });

  it('that bring bytes one by one are ended in time, and others are served meanwhile', async () => {
    await using responder = await start({ limits: { tcpIdleTimeoutMs: 300 } });
    const slow = await connected(responder);
    const closed = once(slow, 'close');
    const bytes = framed(good);
    const drip = async (): Promise<void> => {
      for (const byte of bytes) {
        if (slow.destroyed) return;
        slow.write(Buffer.from([byte]));
        await passed(50);
      }
    };
    const dripping = drip();
    const [reply] = await askTcp(responder, good);
    expect(reply?.answers).toHaveLength(1);
    await closed;
    await dripping;
    expect(slow.bytesRead).toBe(0);
  });

  it('that announce more than a query can have are ended', async () => {
    await using responder = await start();
    const socket = await connected(responder);
    socket.write(Buffer.from([0xff, 0xff, 1, 2, 3]));
    await once(socket, 'close');
    expect(socket.bytesRead).toBe(0);
  });

  it('that are too many make the silent ones go', async () => {
    await using responder = await start({
      limits: { maxTcpConnections: 3, tcpIdleTimeoutMs: 60_000 },
    });
    const [first, second, third] = [
      await connected(responder),
      await connected(responder),
      await connected(responder),
    ];
    first.write(framed(good));
    await once(first, 'data');
    const secondEnded = once(second, 'close');
    const fourth = await connected(responder);
    await secondEnded;
    for (const socket of [first, third, fourth]) {
      socket.write(framed(good));
      await once(socket, 'data');
      socket.destroy();
    }
  });

  it('of a client that does not read are ended', async () => {
    await using responder = await start({ limits: { tcpIdleTimeoutMs: 60_000 } });
    const greedy = await connected(responder);
    greedy.pause();
    const many = Buffer.concat(Array.from({ length: 2000 }, () => framed(good)));
    const closed = new Promise((resolve) => greedy.on('close', resolve));
    const push = (): void => {
      if (greedy.errored === null) greedy.write(many, push);
    };
    push();
    await closed;
    expect((await askUdp(responder, good)).answers).toHaveLength(1);
  });

  it('are ended with the responder', async () => {
    const responder = await start();
    const socket = await connected(responder);
    const closed = once(socket, 'close');
    await responder[Symbol.asyncDispose]();
    await closed;
  });
});

async function connected({ port }: DnsResponder): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.resume();
  return socket;
}
