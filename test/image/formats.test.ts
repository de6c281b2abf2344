import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecs, type PackLocation } from '../../src/chunks/pack-format.ts';
import { type Digest, digestOf } from '../../src/digest/digest.ts';
import { canonicalJson, type Json } from '../../src/image/canonical-json.ts';
import { decodeImageRoot, encodeImageRoot } from '../../src/image/image-root.ts';
import {
  decodeManifestPage,
  encodeManifestPage,
  pageChunks,
} from '../../src/image/manifest-page.ts';
import { encodePlacement, openPlacement, type Placement } from '../../src/image/placement.ts';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { sampleConfig } from './support/sample-image.ts';

const image = digestOf(Buffer.from('an image'));
const digest = fc.nat(50).map((number) => digestOf(Buffer.from(String(number))));

function readerOf(bytes: Buffer) {
  return async (offset: number, lengthBytes: number): Promise<Buffer> => {
    if (offset + lengthBytes > bytes.length)
      throw new AshlarError('object_truncated', 'it ends before that');
    return bytes.subarray(offset, offset + lengthBytes);
  };
}

describe('a page of the manifest', () => {
  it('comes back as it was', () => {
    const page = fc
      .array(fc.tuple(fc.nat(pageChunks - 1), digest), { maxLength: 100 })
      .map((entries) => new Map<number, Digest>(entries));
    fc.assert(
      fc.property(page, (chunks) => {
        const decoded = decodeManifestPage(encodeManifestPage(chunks));
        const sorted = [...chunks].toSorted(([left], [right]) => left - right);
        expect([...decoded]).toEqual(sorted);
      }),
    );
  });

  it('is what it was: a golden page', () => {
    const page = encodeManifestPage(new Map([[9, image]]));
    const bitmap = Buffer.alloc(128);
    bitmap[1] = 2;
    expect(page.toString('hex')).toBe(
      `4153484c41524d50${bitmap.toString('hex')}${image.slice('blake3:'.length)}`,
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another magic', Buffer.alloc(200)],
    ['a digest too few', encodeManifestPage(new Map([[1, image]])).subarray(0, -32)],
    ['half a digest', encodeManifestPage(new Map([[1, image]])).subarray(0, -16)],
    ['a byte too many', Buffer.concat([encodeManifestPage(new Map()), Buffer.of(0)])],
  ])('is manifest_corrupt when it is %s', (_, bytes) => {
    expect(() => decodeManifestPage(bytes)).toThrow(
      expect.objectContaining({ code: 'manifest_corrupt' }),
    );
  });
});

describe('a placement', () => {
  const location = fc.record({
    pack: digest,
    offset: fc.nat(2 ** 32 - 1),
    storedBytes: fc.nat(2 ** 28 - 1),
    plainBytes: fc.constant(65_536),
    codec: fc.constantFrom(...codecs),
  });
  const chunkLocation = fc.record({
    pack: digest,
    offset: fc.nat(2 ** 26 - 1),
    storedBytes: fc.integer({ min: 1, max: 65_536 }),
    plainBytes: fc.constant(65_536),
    codec: fc.constantFrom(...codecs),
  });
  const placement = fc.record({
    blobs: fc.array(location, { maxLength: 10 }),
    pages: fc.array(fc.array(chunkLocation, { maxLength: 20 }), { maxLength: 8 }),
  });
  const small: Placement = {
    blobs: [placeAt(16)],
    pages: [[placeAt(100), placeAt(200)], [], [placeAt(300)]],
  };

  function placeAt(offset: number): PackLocation {
    return { pack: image, offset, storedBytes: 50, plainBytes: 65_536, codec: 'zstd' };
  }

  it('comes back as it was, whichever pages are asked for', async () => {
    await fc.assert(
      fc.asyncProperty(placement, fc.nat(8), async (value, from) => {
        const opened = await openPlacement(readerOf(encodePlacement(value).bytes), image);
        expect(opened.blobs).toEqual(value.blobs);
        expect(opened.pageCount).toBe(value.pages.length);
        const first = Math.min(from, value.pages.length);
        const count = value.pages.length - first;
        expect(await opened.readPages(first, count)).toEqual(value.pages.slice(first));
        for (const [index, page] of value.pages.entries())
          expect(await opened.readPages(index, 1)).toEqual([page]);
      }),
      { numRuns: 60 },
    );
  });

  it('is what it was: a golden placement', () => {
    expect(digestOf(encodePlacement(small).bytes)).toBe(
      'blake3:bb93b82e326d7d3412270a6597c9dbd50cb4082d93c334fd8e40801bcd4a69f7',
    );
  });

  it('tells packs apart up to the highest number that a record has room for, and takes no more', async () => {
    const numbered = (index: number): PackLocation => ({
      ...placeAt(2 ** 26 - 1),
      pack: `blake3:${index.toString(16).padStart(64, '0')}` as Digest,
      storedBytes: 65_536,
    });
    const all = Array.from({ length: 2 ** 20 }, (_, index) => numbered(index));
    const pages = [all.slice(0, -5000), all.slice(-5000)];
    const opened = await openPlacement(
      readerOf(encodePlacement({ blobs: [], pages }).bytes),
      image,
    );
    expect(await opened.readPages(1, 1)).toEqual([all.slice(-5000)]);
    expect(() => encodePlacement({ blobs: [], pages: [...pages, [numbered(2 ** 20)]] })).toThrow(
      expect.objectContaining({ code: 'image_too_large' }),
    );
  });

  it.each([
    ['an offset beyond any pack', { offset: 2 ** 26 }],
    ['no bytes', { storedBytes: 0 }],
    ['more bytes than a chunk has', { storedBytes: 65_537 }],
  ])('takes no chunk with %s', (_, wrong) => {
    const location = { ...placeAt(100), ...wrong };
    expect(() => encodePlacement({ blobs: [], pages: [[location]] })).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });

  it('that is replaced while it is read is not mixed with the new one', async () => {
    let bytes = encodePlacement(small).bytes;
    const read = (offset: number, length: number) => readerOf(bytes)(offset, length);
    const opened = await openPlacement(read, image);
    const other = digestOf(Buffer.from('another pack'));
    bytes = encodePlacement({ ...small, blobs: [{ ...placeAt(16), pack: other }] }).bytes;
    await expect(opened.readPages(0, 1)).rejects.toMatchObject({ code: 'manifest_corrupt' });
  });

  it('is manifest_corrupt, cut short or too large to be read, never anything else', async () => {
    const bytes = encodePlacement(small).bytes;
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      try {
        const opened = await openPlacement(readerOf(flipped), image);
        await opened.readPages(0, opened.pageCount);
      } catch (error) {
        expect(error).toBeInstanceOf(AshlarError);
        if (error instanceof AshlarError)
          expect(['manifest_corrupt', 'object_truncated']).toContain(error.code);
      }
    }
  });
});

describe('the root of an image', () => {
  const root = {
    diskBytes: 67_108_864,
    pages: [[0, image] as const, [7, image] as const],
    tree: image,
    config: sampleConfig,
  };

  it('comes back as it was, and is what it was', () => {
    const bytes = encodeImageRoot(root);
    expect(decodeImageRoot(bytes)).toEqual(root);
    expect(bytes.toString()).toBe(
      `{"config":{"architecture":"amd64","config":{},"os":"linux"},"diskBytes":67108864,"format":"ashlar-image","pages":[[0,"${image}"],[7,"${image}"]],"tree":"${image}","version":1}`,
    );
  });

  it('of a later version is store_newer_format', () => {
    const later = encodeImageRoot(root).toString().replace('"version":1', '"version":2');
    expect(() => decodeImageRoot(Buffer.from(later))).toThrow(
      expect.objectContaining({ code: 'store_newer_format' }),
    );
  });

  const text = encodeImageRoot(root).toString();
  it.each([
    ['no JSON', 'x'],
    ['cut short', text.slice(0, -1)],
    ['a list', '[]'],
    ['null', 'null'],
    ['of another format', text.replace('ashlar-image', 'other')],
    ['without a size', text.replace('67108864', '"x"')],
    ['with a size of a fraction', text.replace('67108864', '1.5')],
    ['with a bad page', text.replace('[7,', '["7",')],
    ['with a page of no digest', text.replace(`[7,"${image}"]`, '[7,"x"]')],
    ['without a tree', text.replace('"tree"', '"free"')],
    ['without a config', text.replace(/"config":\{"arch.*?"linux"\}/, '"config":null')],
  ])('is manifest_corrupt when it is %s', (_, document) => {
    expect(() => decodeImageRoot(Buffer.from(document))).toThrow(
      expect.objectContaining({ code: 'manifest_corrupt' }),
    );
  });
});

describe('canonical JSON', () => {
  it('is the same for the same value, in whatever order it was made', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = value as Json;
        const text = canonicalJson(json);
        expect(canonicalJson(JSON.parse(text) as Json)).toBe(text);
        expect(canonicalJson(reversed(json))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

/** The same value with the keys of all objects in the opposite order. */
function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => reversed(item as Json));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
