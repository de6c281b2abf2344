import { randomBytes } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, asyncProperty, boolean, uint8Array } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AshlarError, createTempDir, type TempDir } from '../../../src/index.ts';
import type { BlockSource } from '../../../vm/block-source.ts';
import { serveNbd, type NbdServer } from '../../../vm/index.ts';
import {
  connectRaw,
  infoData,
  option,
  request,
  startTransmission,
  takeReply,
  u16,
  u32,
} from '../support/nbd-client.ts';

const commands = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4 } as const;
const badOffset = 3 * 65536;
const content = randomBytes(8 * 1024 * 1024);
const cause = new AshlarError('chunk_corrupt', 'chunk 3 of the test disk is corrupt');
const source: BlockSource = {
  sizeBytes: content.length,
  async read(offset, lengthBytes) {
    if (offset <= badOffset && badOffset < offset + lengthBytes) throw cause;
    return content.subarray(offset, offset + lengthBytes);
  },
};

let dir: TempDir;
let server: NbdServer;
let socketPath: string;
const readErrors: unknown[] = [];

beforeAll(async () => {
  dir = await createTempDir(tmpdir(), 'ashlar-nbd');
  socketPath = join(dir.path, 'disk.sock');
  server = await serveNbd({
    socketPath,
    source,
    exportName: 'disk',
    onReadError: (error) => readErrors.push(error),
    handshakeTimeoutMs: 300,
  });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function isStillServing(): Promise<boolean> {
  using client = await connectRaw(socketPath);
  await startTransmission(client);
  client.send(request({ command: commands.read, offset: 512, lengthBytes: 1024, cookie: 99 }));
  const { error, cookie, data } = await takeReply(client, 1024);
  return error === 0 && cookie === 99 && data.equals(content.subarray(512, 1536));
}

describe('requests', () => {
  it('answers many at once, each with its own bytes', async () => {
    using client = await connectRaw(socketPath);
    await startTransmission(client);
    const lengthBytes = 4096;
    const offsets = Array.from({ length: 64 }, (_, index) => 1_000_000 + index * 50_001);
    client.send(
      ...offsets.map((offset) =>
        request({ command: commands.read, offset, lengthBytes, cookie: offset }),
      ),
    );
    const seen = new Set<number>();
    for (const _ of offsets) {
      const { error, cookie, data } = await takeReply(client, lengthBytes);
      expect(error).toBe(0);
      expect(data.equals(content.subarray(cookie, cookie + lengthBytes))).toBe(true);
      seen.add(cookie);
    }
    expect(seen.size).toBe(offsets.length);
  });

  it('refuses a write with EPERM, takes its payload off the stream, and goes on', async () => {
    using client = await connectRaw(socketPath);
    await startTransmission(client);
    client.send(request({ command: commands.write, offset: 0, lengthBytes: 200_000 }));
    client.send(randomBytes(200_000));
    expect((await takeReply(client)).error).toBe(1);
    client.send(request({ command: commands.flush, offset: 0, lengthBytes: 0, cookie: 8 }));
    expect(await takeReply(client)).toMatchObject({ error: 0, cookie: 8 });
  });

  it.each([
    ['beyond the end', { command: commands.read, offset: content.length - 512, lengthBytes: 1024 }],
    [
      'beyond 2^64',
      { command: commands.read, offset: 0xffff_ffff_ffff_ff00n, lengthBytes: 0xffff },
    ],
    ['above 32 MiB', { command: commands.read, offset: 0, lengthBytes: 32 * 1024 * 1024 + 1 }],
    ['of 4 GiB', { command: commands.read, offset: 0, lengthBytes: 0xffff_ffff }],
    ['with unknown flags', { command: commands.read, offset: 0, lengthBytes: 512, flags: 4 }],
    ['that is a trim', { command: commands.trim, offset: 0, lengthBytes: 512 }],
    ['that is unknown', { command: 77, offset: 0, lengthBytes: 512 }],
  ])('refuses a request %s with EINVAL, and goes on', async (_name, fields) => {
    using client = await connectRaw(socketPath);
    await startTransmission(client);
    client.send(request(fields), request({ command: commands.read, offset: 0, lengthBytes: 16 }));
    expect((await takeReply(client)).error).toBe(22);
    expect((await takeReply(client, 16)).data.equals(content.subarray(0, 16))).toBe(true);
  });

  it('tells the client EIO for a failed read and passes the cause on', async () => {
    using client = await connectRaw(socketPath);
    await startTransmission(client);
    readErrors.length = 0;
    client.send(request({ command: commands.read, offset: badOffset - 512, lengthBytes: 1024 }));
    expect((await takeReply(client)).error).toBe(5);
    expect(readErrors).toEqual([cause]);
    expect(await isStillServing()).toBe(true);
  });

  it('closes the connection on NBD_CMD_DISC after the replies that are due', async () => {
    using client = await connectRaw(socketPath);
    await startTransmission(client);
    client.send(
      request({ command: commands.read, offset: 0, lengthBytes: 512 }),
      request({ command: commands.disconnect, offset: 0, lengthBytes: 0 }),
    );
    expect((await takeReply(client, 512)).error).toBe(0);
    expect(await client.rest()).toHaveLength(0);
  });

  it.each([
    ['a wrong magic', request({ command: 0, offset: 0, lengthBytes: 1, magic: 0xbad })],
    ['a write that is too large to skip', request({ command: 1, offset: 0, lengthBytes: 2 ** 31 })],
  ])('cuts off a client that sends %s', async (_name, bytes) => {
    using client = await connectRaw(socketPath);
    await startTransmission(client);
    client.send(bytes);
    expect(await client.rest()).toHaveLength(0);
    expect(await isStillServing()).toBe(true);
  });

  it('survives clients that leave in the middle of a header, a payload or a reply', async () => {
    const partings = [
      request({ command: commands.read, offset: 0, lengthBytes: 512 }).subarray(0, 11),
      Buffer.concat([request({ command: commands.write, offset: 0, lengthBytes: 4096 }), u32(1)]),
      Buffer.concat(
        Array.from({ length: 40 }, () =>
          request({ command: commands.read, offset: 2 ** 20, lengthBytes: 4 * 2 ** 20 }),
        ),
      ),
    ];
    for (const bytes of partings) {
      const client = await connectRaw(socketPath);
      await startTransmission(client);
      await new Promise((resolve) => {
        client.socket.write(bytes, resolve);
      });
      client.socket.destroy();
    }
    expect(await isStillServing()).toBe(true);
  });
});

describe('negotiation', () => {
  it('serves NBD_OPT_EXPORT_NAME with and without zeroes', async () => {
    for (const [flags, tailBytes] of [
      [1, 124],
      [3, 0],
    ] as const) {
      using client = await connectRaw(socketPath);
      await client.reader.take(18);
      client.send(u32(flags), option(1, Buffer.from('disk')));
      const facts = await client.reader.take(10 + tailBytes);
      expect(facts?.readBigUInt64BE(0)).toBe(BigInt(content.length));
      expect(facts?.readUInt16BE(8)).toBe(0b1_0000_0111);
      client.send(request({ command: commands.read, offset: 0, lengthBytes: 512 }));
      expect((await takeReply(client, 512)).error).toBe(0);
    }
  });

  it.each([
    ['an unknown option', option(8, Buffer.alloc(0)), 0x80000001],
    ['an unknown export', option(7, infoData('other')), 0x80000006],
    ['a list with data', option(3, Buffer.from('x')), 0x80000003],
    ['a name longer than its option', option(7, Buffer.concat([u32(999), u16(0)])), 0x80000003],
    ['too few information requests', option(6, Buffer.concat([u32(0), u16(3)])), 0x80000003],
    ['an option of a mebibyte', option(9, Buffer.alloc(2 ** 20)), 0x80000009],
  ])('refuses %s and goes on', async (_name, bytes, type) => {
    using client = await connectRaw(socketPath);
    await client.reader.take(18);
    client.send(u32(3), bytes, option(2, Buffer.alloc(0)));
    const refusal = await client.reader.take(20);
    expect(refusal?.readUInt32BE(12)).toBe(type);
    const abortReply = await client.reader.take(20);
    expect(abortReply?.readUInt32BE(12)).toBe(1);
    expect(await client.rest()).toHaveLength(0);
  });

  it.each([
    ['unknown client flags', u32(0xff)],
    ['a wrong option magic', Buffer.concat([u32(3), Buffer.from('IHAVENOT'), u32(7), u32(0)])],
    [
      'an option of 4 GiB',
      Buffer.concat([u32(3), Buffer.from('IHAVEOPT'), u32(7), u32(2 ** 32 - 1)]),
    ],
    ['an unknown name by EXPORT_NAME', Buffer.concat([u32(3), option(1, Buffer.from('other'))])],
    ['half an option, and then nothing', Buffer.concat([u32(3), Buffer.from('IHAVE')])],
    ['nothing at all', Buffer.alloc(0)],
  ])('cuts off a client that sends %s', async (_name, bytes) => {
    using client = await connectRaw(socketPath);
    await client.reader.take(18);
    client.send(bytes);
    expect(await client.rest()).toHaveLength(0);
    expect(await isStillServing()).toBe(true);
  });

  it('ends a negotiation that never ends', async () => {
    using client = await connectRaw(socketPath);
    await client.reader.take(18);
    client.send(u32(3), ...Array.from({ length: 100 }, () => option(3, Buffer.alloc(0))));
    const replies = await client.rest();
    expect(replies.length).toBeLessThanOrEqual(64 * (20 + 8 + 20));
    expect(await isStillServing()).toBe(true);
  });

  it('survives arbitrary bytes before and after the handshake', async () => {
    const bytes = uint8Array({ minLength: 1, maxLength: 200 });
    await assert(
      asyncProperty(bytes, bytes, boolean(), async (first, second, shakesHands) => {
        using client = await connectRaw(socketPath);
        if (shakesHands) await startTransmission(client);
        client.send(Buffer.from(first), Buffer.from(second));
        client.socket.end();
        await client.rest();
      }),
      { numRuns: 60 },
    );
    expect(await isStillServing()).toBe(true);
  });
});

it('listens at a path that is longer than a socket address, and stops with clients connected', async () => {
  const deep = join(dir.path, 'd'.repeat(120));
  await mkdir(deep);
  const path = join(deep, 'disk.sock');
  const long = await serveNbd({ socketPath: path, source });
  expect((await stat(path)).isSocket()).toBe(true);
  await long[Symbol.asyncDispose]();
  await expect(stat(path)).rejects.toThrow('ENOENT');

  const short = join(dir.path, 'busy.sock');
  const busy = await serveNbd({ socketPath: short, source });
  using client = await connectRaw(short);
  await startTransmission(client);
  await busy[Symbol.asyncDispose]();
  expect(await client.rest()).toHaveLength(0);
});

it('keeps the bytes in flight bounded while a client does not read', async () => {
  let heldBytes = 0;
  let peakBytes = 0;
  const pieceBytes = 8 * 1024 * 1024;
  await using slow = await serveNbd({
    socketPath: join(dir.path, 'slow.sock'),
    source: {
      sizeBytes: pieceBytes,
      async read(_offset, lengthBytes) {
        heldBytes += lengthBytes;
        peakBytes = Math.max(peakBytes, heldBytes);
        return Buffer.alloc(lengthBytes);
      },
    },
  });
  using client = await connectRaw(slow.socketPath);
  await startTransmission(client);
  const count = 24;
  client.send(
    ...Array.from({ length: count }, () =>
      request({ command: commands.read, offset: 0, lengthBytes: pieceBytes }),
    ),
  );
  for (let index = 0; index < count; index += 1) {
    const { error } = await takeReply(client, pieceBytes);
    heldBytes -= pieceBytes;
    expect(error).toBe(0);
  }
  expect(peakBytes).toBeLessThanOrEqual(9 * pieceBytes);
});

it('understands 64-bit offsets beyond 4 GiB', async () => {
  const asked: number[] = [];
  await using large = await serveNbd({
    socketPath: join(dir.path, 'large.sock'),
    source: {
      sizeBytes: 2 ** 40,
      async read(offset, lengthBytes) {
        asked.push(offset);
        return Buffer.alloc(lengthBytes);
      },
    },
  });
  using client = await connectRaw(large.socketPath);
  await startTransmission(client);
  client.send(request({ command: commands.read, offset: 2 ** 40 - 512, lengthBytes: 512 }));
  expect((await takeReply(client, 512)).error).toBe(0);
  expect(asked).toEqual([2 ** 40 - 512]);
});
