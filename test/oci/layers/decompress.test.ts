import { spawnSync } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../../src/oci/layers/decompress.ts';
import { collect, drain, inPieces, noise } from '../support/byte-streams.ts';

const hasXz = spawnSync('xz', ['--version']).status === 0;
const hasZstd = spawnSync('zstd', ['--version']).status === 0;

const fail = (problem: string): Error => new Error(`the layer ${problem}`);
const options = { allowed: ['none', 'gzip', 'zstd', 'xz'], fail } as const;
const plain = Buffer.concat([noise(300_000), Buffer.alloc(700_000, 'ashlar ')]);
const skippable = Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

const compressions = [
  ['gzip', (bytes: Buffer) => gzipSync(bytes, { level: 1 })],
  [
    'zstd',
    (bytes: Buffer) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  ],
] as const;

describe.each(compressions)('decompress %s', (name, compress) => {
  it.each([1, 7, 1000, 100_000, 10_000_000])('reads pieces of %i bytes', async (pieceBytes) => {
    const bytes = pieceBytes === 1 ? plain.subarray(290_000, 310_000) : plain;
    const stream = decompress(inPieces(compress(bytes), pieceBytes), options);
    expect((await collect(stream)).equals(bytes)).toBe(true);
  });

  it('reads many members or frames as one stream, however they are cut', async () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(parts, fc.integer({ min: 1, max: 200 }), async (raw, pieceBytes) => {
        const whole = Buffer.concat(raw);
        const compressed = Buffer.concat(raw.map((part) => compress(Buffer.from(part))));
        const stream = decompress(inPieces(compressed, pieceBytes), options);
        expect((await collect(stream)).equals(whole)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it.each([0.1, 0.5, 0.999])('refuses an early end after %d of the bytes', async (share) => {
    const compressed = compress(plain);
    const cut = compressed.subarray(0, Math.floor(compressed.length * share));
    const { error } = await drain(decompress(inPieces(cut, 10_000), options));
    expect(error?.message).toMatch(new RegExp(`the layer ends early.* offset ${cut.length}`));
  });

  it('refuses an early end in every byte of a small stream', async () => {
    const compressed = Buffer.concat([compress(Buffer.from('one')), compress(Buffer.from('two'))]);
    const boundary = compress(Buffer.from('one')).length;
    for (let length = 6; length < compressed.length; length += 1) {
      const { error } = await drain(
        decompress(inPieces(compressed.subarray(0, length), 5), options),
      );
      const isEarly = /ends early/.test(error?.message ?? '');
      expect({ length, isEarly }).toEqual({ length, isEarly: length !== boundary });
    }
  });

  it.each([
    ['text', Buffer.from('garbage')],
    ['one byte', Buffer.from('x')],
    ['zeros', Buffer.alloc(100)],
    ['text behind zeros', Buffer.concat([Buffer.alloc(1000), Buffer.from('garbage')])],
  ])('refuses %s behind the end', async (_, garbage) => {
    const compressed = Buffer.concat([compress(plain), garbage]);
    for (const pieceBytes of [compressed.length, compressed.length - garbage.length, 4099]) {
      const { error } = await drain(decompress(inPieces(compressed, pieceBytes), options));
      expect(error?.message).toMatch(/^the layer (has|ends)/);
    }
  });

  it('refuses damage', async () => {
    const compressed = compress(Buffer.alloc(2_000_000, noise(999)));
    compressed.fill(0xff, 40, 60);
    const { error } = await drain(decompress(inPieces(compressed, 4096), options));
    expect(error?.message).toMatch(/^the layer has damaged|^the layer ends early/);
  });

  it('inflates a bomb no further than it is read', async () => {
    const before = process.memoryUsage().external;
    const stream = decompress(inPieces(bomb(name), 1024), options);
    let seenBytes = 0;
    for await (const chunk of stream) {
      seenBytes += chunk.length;
      if (seenBytes > 2_000_000) break;
      await setImmediate();
    }
    expect(process.memoryUsage().external - before).toBeLessThan(32 * 1024 * 1024);
  });

  it('hands on the failure of the source instead of its own', async () => {
    const source = breakingOff(compress(plain).subarray(0, 100_000));
    const { error } = await drain(decompress(source, options));
    expect(error?.message).toBe('the connection broke');
  });

  it('stops with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const stream = decompress(inPieces(compress(plain), 1000), {
      ...options,
      signal: controller.signal,
    });
    await stream.next();
    controller.abort(reason);
    const { error } = await drain(stream);
    expect(error).toBe(reason);
  });
});

describe('decompress', () => {
  it('reads zstd with skippable frames in front, between and behind', async () => {
    const [a, b] = [noise(100, 1), noise(200_000, 2)];
    const compressed = Buffer.concat([
      skippable,
      zstdCompressSync(a),
      skippable,
      skippable,
      zstdCompressSync(b),
      skippable,
    ]);
    for (const pieceBytes of [1000, 100_000, 1_000_000]) {
      const stream = decompress(inPieces(compressed, pieceBytes), options);
      expect((await collect(stream)).equals(Buffer.concat([a, b]))).toBe(true);
    }
  });

  it.skipIf(!hasZstd)('reads what the zstd program makes (skipped without zstd)', async () => {
    for (const flags of [['-1'], ['-19', '--check'], ['--no-check'], ['--ultra', '-22']]) {
      const made = spawnSync('zstd', ['-c', ...flags], { input: plain, maxBuffer: 1 << 26 });
      const stream = decompress(inPieces(made.stdout, 4096), options);
      expect((await collect(stream)).equals(plain)).toBe(true);
    }
  });

  it.skipIf(!hasXz)('reads xz through the program (skipped without xz)', async () => {
    const made = spawnSync('xz', ['-c', '-0'], { input: plain, maxBuffer: 1 << 26 }).stdout;
    const stream = decompress(inPieces(made, 10_000), options);
    expect((await collect(stream)).equals(plain)).toBe(true);
    for (const wrong of [made.subarray(0, 200_000), Buffer.concat([made, noise(64)])]) {
      const { error } = await drain(decompress(inPieces(wrong, 10_000), options));
      expect(error?.message).toMatch(/^the layer is not accepted by xz: /);
    }
  });

  it('names the program that xz needs where it is missing', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nonexistent';
    try {
      const mark = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2, 3]);
      const { error } = await drain(decompress(inPieces(mark, 4), options));
      expect(error).toMatchObject({ code: 'tool_missing', data: { tool: 'xz' } });
    } finally {
      process.env['PATH'] = path;
    }
  });

  it.skipIf(!hasXz)('leaves no xz behind when the reader leaves (skipped without xz)', async () => {
    const made = spawnSync('xz', ['-c', '-0'], { input: plain, maxBuffer: 1 << 26 }).stdout;
    for await (const chunk of decompress(inPieces(made, 1000), options)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
  });

  it('passes what has no mark, and refuses what is not allowed', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('a'), plain]) {
      expect((await collect(decompress(inPieces(bytes, 333), options))).equals(bytes)).toBe(true);
    }
    const bzip2 = Buffer.from('BZh91AY&SY');
    expect((await drain(decompress(inPieces(bzip2, 3), options))).error?.message).toMatch(/bzip2/);
    const onlyPlain = { ...options, allowed: ['none'] } as const;
    const zipped = await drain(decompress(inPieces(gzipSync('x'), 3), onlyPlain));
    expect(zipped.error?.message).toBe('the layer is compressed with gzip; accepted are none');
  });
});

/** A gibibyte of zeros in a thousand members or frames of a mebibyte each. */
function bomb(name: string): Buffer {
  const mebibyte = Buffer.alloc(1024 * 1024);
  const part = name === 'gzip' ? gzipSync(mebibyte) : zstdCompressSync(mebibyte);
  return Buffer.concat(Array.from({ length: 1024 }, () => part));
}

async function* breakingOff(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
  throw new Error('the connection broke');
}
