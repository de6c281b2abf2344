import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createByteWriter } from '../../src/bytes/byte-writer.ts';
import { digestOf } from '../../src/digest/digest.ts';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { placesInBins } from '../../src/layout/pack-bins.ts';
import { planLayout } from '../../src/layout/plan-layout.ts';
import type { Inode } from '../../src/tree/inode.ts';
import { orderTree, type TreeEntry } from '../../src/tree/tree-order.ts';
import {
  decodeTreePage,
  encodeTreePage,
  type TreePage,
  type TreePageSource,
} from '../../src/tree/tree-page.ts';
import { createContentBank } from '../layout/support/content-bank.ts';
import { directory } from '../layout/support/make-tree.ts';
import { treeOfSpec, type TreeSpec, treeSpecs } from '../layout/support/random-tree.ts';
import { mib } from '../layout/support/write-disk.ts';

interface EncodedPage {
  readonly source: TreePageSource;
  readonly bytes: Buffer;
}

function pagesOf(spec: TreeSpec): EncodedPage[] {
  const bank = createContentBank();
  const plan = planLayout(orderTree(treeOfSpec(spec, bank)), 64 * mib);
  return plan.groups.map(({ entries, bins }) => {
    const places = placesInBins(bins);
    const digests = bins.map((_, number) => digestOf(Buffer.from(`bin ${number}`)));
    const source = { entries, bins: digests, places };
    return { source, bytes: encodeTreePage(source) };
  });
}

/** Whether a page decodes or is refused; anything else that is thrown is a fault. */
function outcomeOf(bytes: Buffer): 'decoded' | 'refused' | { readonly thrown: unknown } {
  try {
    decodeTreePage(bytes);
    return 'decoded';
  } catch (error) {
    const isRefusal = error instanceof AshlarError && error.code === 'tree_corrupt';
    return isRefusal ? 'refused' : { thrown: error };
  }
}

const samplePages = fc.sample(treeSpecs, { numRuns: 12, seed: 3 }).flatMap(pagesOf);

describe('pages of a tree', () => {
  it('give back the entries, bins and places that were written', () => {
    fc.assert(
      fc.property(treeSpecs, (spec) => {
        for (const { source, bytes } of pagesOf(spec)) {
          const page = decodeTreePage(bytes);
          expect(page.bins).toEqual(source.bins);
          expect(page.entries.map(decodedEntry)).toEqual(
            source.entries.map((entry) => writtenEntry(entry, source)),
          );
        }
      }),
      { numRuns: 20 },
    );
  });

  it.for([
    [2 ** 52 - 1, 2 ** 52 - 1],
    [2 ** 53 - 1, 2 ** 52 - 1],
    [-(2 ** 52), -(2 ** 52)],
    [-(2 ** 53), -(2 ** 52)],
  ] as const)('give back a time of %d seconds as %d', ([sec, expected]) => {
    const inode = directory({ mtime: { sec, nsec: 7 } });
    const entries = [{ path: '', inode, firstPath: '' }];
    const page = decodeTreePage(encodeTreePage({ entries, bins: [], places: new Map() }));
    expect(page.entries).toMatchObject([{ inode: { mtime: { sec: expected, nsec: 7 } } }]);
  });

  it('are refused when they are cut off anywhere', () => {
    for (const { bytes } of samplePages) {
      // Every length of a short page, and many of a long one.
      const step = Math.max(1, Math.floor(bytes.length / 500));
      const decoded: number[] = [];
      for (let length = 0; length < bytes.length; length += step)
        if (outcomeOf(bytes.subarray(0, length)) !== 'refused') decoded.push(length);
      expect(decoded).toEqual([]);
      expect(outcomeOf(bytes.subarray(0, -1))).toBe('refused');
      expect(outcomeOf(Buffer.concat([bytes, Buffer.alloc(1)]))).toBe('refused');
    }
  });

  it('are refused or decode when bytes are damaged', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.constantFrom(...samplePages), flips, ({ bytes }, list) => {
        const damaged = Buffer.from(bytes);
        for (const [at, mask] of list) {
          const position = at % damaged.length;
          damaged.writeUInt8(damaged.readUInt8(position) ^ mask, position);
        }
        expect(['decoded', 'refused']).toContain(outcomeOf(damaged));
      }),
      { numRuns: 3000 },
    );
  });

  it('are refused or decode when they are noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400, size: 'max' }), (noise) => {
        const bytes = Buffer.concat([Buffer.from([1, 0]), noise]);
        expect(['decoded', 'refused']).toContain(outcomeOf(bytes));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('pages that claim what cannot be', () => {
  type Writer = ReturnType<typeof createByteWriter>;
  const digest = Buffer.alloc(32, 7);

  const page = (bins: number, entries: number, rest: (writer: Writer) => void): Buffer => {
    const writer = createByteWriter();
    writer.varint(1);
    writer.text('');
    writer.varint(bins);
    for (let bin = 0; bin < Math.min(bins, 2); bin += 1) writer.bytes(digest);
    writer.varint(entries);
    rest(writer);
    return writer.finish();
  };

  const entry = (
    writer: Writer,
    kind: number,
    given: { mode?: number; uid?: number; nsec?: number; xattrs?: number } = {},
  ): void => {
    writer.varint(kind);
    writer.text('name');
    writer.varint(given.mode ?? 0o644);
    writer.varint(given.uid ?? 0);
    writer.varint(0);
    writer.signedVarint(0);
    writer.varint(given.nsec ?? 0);
    writer.varint(given.xattrs ?? 0);
  };

  const small = (writer: Writer, sizeBytes: number, place: [number, number]): void => {
    entry(writer, 2);
    writer.varint(sizeBytes);
    writer.bytes(digest);
    writer.varint(place[0]);
    writer.varint(place[1]);
  };

  const chunked = (writer: Writer, sizeBytes: number, runs: [number, number][]): void => {
    entry(writer, 3);
    writer.varint(sizeBytes);
    writer.varint(runs.length);
    for (const [start, count] of runs) {
      writer.varint(start);
      writer.varint(count);
      for (let index = 0; index < Math.min(count, 3); index += 1) writer.bytes(digest);
    }
  };

  it('decode where nothing is wrong', () => {
    const decoded = decodeTreePage(
      page(1, 3, (writer) => {
        entry(writer, 0);
        small(writer, 4096, [0, 15]);
        chunked(writer, 3 * 65_536, [
          [0, 1],
          [1, 1],
        ]);
      }),
    );
    expect(decoded.entries.length).toBe(3);
  });

  it.for([
    ['more bins than bytes', page(2 ** 50, 0, () => {})],
    ['as many bins as bytes', page(90, 0, () => {})],
    ['more entries than bytes', page(0, 2 ** 52, (writer) => entry(writer, 0))],
    ['more xattrs than bytes', page(0, 1, (writer) => entry(writer, 0, { xattrs: 2 ** 40 }))],
    [
      'more runs than bytes',
      page(0, 1, (writer) => {
        entry(writer, 3);
        writer.varint(2 ** 40);
        writer.varint(2 ** 50);
      }),
    ],
    ['more digests than bytes', page(0, 1, (writer) => chunked(writer, 2 ** 40, [[0, 2 ** 24]]))],
    ['a bin that is not there', page(1, 1, (writer) => small(writer, 10, [1, 0]))],
    ['a block behind the bin', page(1, 1, (writer) => small(writer, 10, [0, 16]))],
    ['a content over the end of its bin', page(1, 1, (writer) => small(writer, 4097, [0, 15]))],
    ['a small content of no bytes', page(1, 1, (writer) => small(writer, 0, [0, 0]))],
    ['a small content of over 20 KiB', page(1, 1, (writer) => small(writer, 20_481, [0, 0]))],
    ['a large content of few bytes', page(0, 1, (writer) => chunked(writer, 20_480, [[0, 1]]))],
    ['chunks behind the end', page(0, 1, (writer) => chunked(writer, 65_537, [[2, 1]]))],
    ['a run of no chunks', page(0, 1, (writer) => chunked(writer, 2 ** 20, [[2, 0]]))],
    ['a mode of 13 bits', page(0, 1, (writer) => entry(writer, 0, { mode: 0o10000 }))],
    ['an owner of 33 bits', page(0, 1, (writer) => entry(writer, 0, { uid: 2 ** 32 }))],
    ['a second of nanoseconds', page(0, 1, (writer) => entry(writer, 0, { nsec: 1e9 }))],
    ['an unknown kind', page(0, 1, (writer) => entry(writer, 11))],
    ['a later version', Buffer.from([2, 0, 0, 0])],
    ['nothing', Buffer.alloc(0)],
  ] as const)('are refused: %s', ([, bytes]) => {
    expect(() => decodeTreePage(bytes)).toThrow(expect.objectContaining({ code: 'tree_corrupt' }));
  });

  it('take no memory for what they claim', () => {
    const claim = Buffer.alloc(16 * mib, 0xff);
    const prefix = Buffer.from([1, 0]);
    // 2^24 - 100 bins in 2^24 bytes.
    const writer = createByteWriter();
    writer.varint(2 ** 24 - 100);
    const before = process.memoryUsage().rss;
    expect(outcomeOf(Buffer.concat([prefix, writer.finish(), claim]))).toBe('refused');
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * mib);
  });
});

/** What both sides of a page can be compared by. */
function writtenEntry(
  { path, inode, firstPath }: TreeEntry,
  source: EncodedPage['source'],
): object {
  if (path !== firstPath) return { path, linkTo: firstPath };
  const place = source.places.get(inode) ?? null;
  return { path, inode: comparable(inode), bin: place?.bin, block: place?.block };
}

function decodedEntry(entry: TreePage['entries'][number]): object {
  if ('linkTo' in entry) return entry;
  const { path, inode, place } = entry;
  return { path, inode: comparable(inode), bin: place?.bin, block: place?.block };
}

/** Without where its content lies; bytes as text, which compares quickly. */
function comparable(inode: Inode): object {
  const xattrs = inode.xattrs.map(({ name, value }) => [name, value.toString('hex')]);
  if (inode.type !== 'file' || inode.content.kind !== 'small') return { ...inode, xattrs };
  return { ...inode, xattrs, content: { kind: 'small', digest: inode.content.digest } };
}
