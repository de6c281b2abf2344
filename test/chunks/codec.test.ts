import { randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeStored, encodeStored } from '../../src/chunks/codec.ts';
import { maxPlainBytes } from '../../src/chunks/pack-format.ts';

describe('stored blobs', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('x')],
    ['zeros', Buffer.alloc(65_536)],
    ['text', Buffer.from('the same line again\n'.repeat(3000))],
    ['random bytes', randomBytes(65_536)],
    ['a page of a tree', Buffer.concat([randomBytes(300_000), Buffer.alloc(300_000)])],
  ])('come back as they were: %s', async (_, plain) => {
    const { stored, codec } = await encodeStored(plain);
    expect(decodeStored(stored, codec, plain.length).equals(plain)).toBe(true);
    expect(stored.length).toBeLessThanOrEqual(plain.length);
  });

  it('stay raw where compression saves little', async () => {
    const plain = randomBytes(65_536);
    expect(await encodeStored(plain)).toEqual({ stored: plain, codec: 'raw' });
  });

  const whole = zstdCompressSync(Buffer.alloc(65_536, 'ab'));
  it.each([
    ['are no zstd', randomBytes(500), 65_536],
    ['are cut short', whole.subarray(0, -3), 65_536],
    ['are empty', Buffer.alloc(0), 65_536],
    ['decode to more', whole, 65_535],
    ['decode to less', whole, 65_537],
    ['decode to gigabytes', zstdCompressSync(Buffer.alloc(256 * 1024 * 1024)), 65_536],
    ['are said to be larger than any blob', whole, maxPlainBytes + 1],
  ])('are chunk_corrupt when they %s', (_, stored, plainBytes) => {
    expect(() => decodeStored(stored, 'zstd', plainBytes)).toThrow(
      expect.objectContaining({ code: 'chunk_corrupt' }),
    );
  });

  it('are chunk_corrupt when they are raw and of another length', () => {
    expect(() => decodeStored(Buffer.alloc(10), 'raw', 11)).toThrow(
      expect.objectContaining({ code: 'chunk_corrupt' }),
    );
  });
});
