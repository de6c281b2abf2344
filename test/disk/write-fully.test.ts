import { describe, expect, it } from 'vitest';
import { writeFully } from '../../src/disk/write-fully.ts';

describe('a write that stops short', () => {
  it('is taken up again until all is written', async () => {
    const written: { at: number; text: string }[] = [];
    const file = {
      async writev(buffers: readonly Buffer[], at: number) {
        const bytes = Buffer.concat(buffers).subarray(0, 4);
        written.push({ at, text: bytes.toString() });
        return { bytesWritten: bytes.length, buffers };
      },
    };
    const parts = ['abc', 'defgh', '', 'ij'].map((text) => Buffer.from(text));
    await writeFully(file as never, parts, 100);
    expect(written).toEqual([
      { at: 100, text: 'abcd' },
      { at: 104, text: 'efgh' },
      { at: 108, text: 'ij' },
    ]);
  });
});
