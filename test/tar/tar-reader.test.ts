import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { createTarReader, type TarReader } from '../../src/tar/tar-reader.ts';
import type { TarSegment } from '../../src/tar/tar-entry.ts';
import { defaultTarLimits } from '../../src/tar/tar-limits.ts';
import { archive, member } from './support/hand-made.ts';
import { contentOf, cutInto, readArchive } from './support/read-archive.ts';
import { varied } from './support/varied.ts';

function reading(bytes: Buffer, cut: readonly number[] = []): TarReader {
  return createTarReader(cutInto(bytes, cut), { limits: defaultTarLimits, label: 'test.tar' });
}

describe('any cut of the source', () => {
  const cuts = fc.oneof(
    fc.constant([1]),
    fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 }),
    fc.array(fc.constantFrom(1, 511, 512, 513, 1024), { minLength: 1, maxLength: 8 }),
  );

  it('gives the same entries and contents', async () => {
    const expected = await readArchive(varied);
    expect(expected).toHaveLength(8);
    await fc.assert(
      fc.asyncProperty(cuts, async (cut) => {
        expect(await readArchive(varied, { cut })).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same however much of each body is taken', async () => {
    const expected = await readArchive(varied);
    const ways = fc.array(fc.constantFrom('skip', 'whole', 'first segment', 'all segments'), {
      minLength: 8,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(cuts, ways, async (cut, ways) => {
        const reader = reading(varied, cut);
        for (const [index, member] of expected.entries()) {
          expect(await reader.next()).toEqual(member.entry);
          const content = contentOf(member);
          const taken = await takeBody(reader, ways[index] ?? 'skip');
          expect(taken).toEqual(
            taken.map(({ offset, bytes }) => segmentAt(content, offset, bytes)),
          );
        }
        expect(await reader.next()).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  it('may have empty buffers in it', async () => {
    const source = (async function* () {
      for await (const bytes of cutInto(varied, [100])) {
        yield Buffer.alloc(0);
        yield bytes;
      }
    })();
    expect(await readArchive(source)).toEqual(await readArchive(varied));
  });
});

/** Takes some or all of the body; whether all of it came is what the property above is for. */
async function takeBody(reader: TarReader, way: string): Promise<TarSegment[]> {
  if (way === 'skip') return [];
  if (way === 'whole') return [{ offset: 0, bytes: await reader.readBody(5000) }];
  const taken: TarSegment[] = [];
  for await (const segment of reader.body()) {
    taken.push(segment);
    if (way === 'first segment') break;
  }
  return taken;
}

function segmentAt(content: Buffer, offset: number, { length }: Buffer): TarSegment {
  return { offset, bytes: content.subarray(offset, offset + length) };
}

describe('a reader', () => {
  const two = archive(member({ name: 'one' }, 'first'), member({ name: 'two' }, 'second'));

  it('gives views of the source where one buffer has it all', async () => {
    const bytes = Buffer.from(two);
    const reader = reading(bytes);
    await reader.next();
    const body = await reader.readBody(10);
    bytes.fill('x', 512, 517);
    expect(body.toString()).toBe('xxxxx');
  });

  it('refuses a whole body that is longer than asked for', async () => {
    const reader = reading(two);
    await reader.next();
    await expect(reader.readBody(4)).rejects.toMatchObject({ code: 'layer_hostile' });
  });

  it('has no body before the first entry, nor behind the last', async () => {
    await expect(reading(two).readBody(9)).rejects.toMatchObject({ code: 'internal' });
    const reader = reading(two);
    while ((await reader.next()) !== null);
    expect(await reader.next()).toBeNull();
    await expect(reader.readBody(9)).rejects.toMatchObject({ code: 'internal' });
  });

  it('gives a body once', async () => {
    const reader = reading(two);
    await reader.next();
    await reader.readBody(9);
    await expect(reader.readBody(9)).rejects.toThrow('asked twice for the same body');
  });

  it('does not let a body run into the next entry', async () => {
    const reader = reading(two, [514]);
    await reader.next();
    const segments = reader.body()[Symbol.asyncIterator]();
    expect((await segments.next()).value).toMatchObject({ bytes: Buffer.from('fi') });
    await reader.next();
    await expect(segments.next()).rejects.toThrow('body of an entry it left');
  });

  it('refuses a call while another is under way, and after one has failed', async () => {
    const reader = reading(two, [100]);
    const [first, second] = await Promise.allSettled([reader.next(), reader.next()]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ reason: { code: 'internal' } });
    const broken = reading(Buffer.alloc(512, 'x'));
    await expect(broken.next()).rejects.toMatchObject({ code: 'layer_invalid' });
    await expect(broken.next()).rejects.toMatchObject({ code: 'internal' });
  });

  it('lets failures of the source through', async () => {
    const failure = new AshlarError('registry_corrupt', 'the digest is wrong');
    const source = (async function* () {
      yield two.subarray(0, 600);
      throw failure;
    })();
    await expect(readArchive(source)).rejects.toBe(failure);
  });

  it('ends the source when it is disposed of', async () => {
    let isEnded = false;
    const source = (async function* () {
      try {
        yield two;
      } finally {
        isEnded = true;
      }
    })();
    {
      await using reader = createTarReader(source, { limits: defaultTarLimits, label: 'test.tar' });
      await reader.next();
      expect(isEnded).toBe(false);
    }
    expect(isEnded).toBe(true);
  });
});
