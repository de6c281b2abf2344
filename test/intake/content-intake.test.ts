import fc from 'fast-check';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/digest/digest.ts';
import { createContentIntake, type ContentSegment } from '../../src/intake/content-intake.ts';
import { createFileSpool } from '../../src/intake/file-spool.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { chunkBytes, type Content, maxSmallBytes } from '../../src/tree/inode.ts';
import { startSession } from '../chunks/support.ts';
import { mountTmpfs, whyNoMount } from '../support/tmpfs-mount.ts';
import { pattern } from '../support/awkward-tree.ts';
import { scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('intake');
const whyNot = await whyNoMount();

function startIntake() {
  const session = startSession(createMemoryObjectStore());
  const spool = createFileSpool(scratch);
  return { ...session, spool, intake: createContentIntake(session.writer, spool) };
}

async function* segmentsOf(segments: readonly ContentSegment[]): AsyncIterable<ContentSegment> {
  yield* segments;
}

/** The bytes that a content stands for, read back from store and spool. */
async function readBack(
  { writer, reader }: ReturnType<typeof startIntake>,
  content: Content,
  sizeBytes: number,
): Promise<Buffer> {
  const bytes = Buffer.alloc(sizeBytes);
  if (content.kind === 'small' && content.place.in === 'spool') {
    content.place.spool.readInto(bytes, content.place.offset);
    expect(digestOf(bytes)).toBe(content.digest);
  }
  if (content.kind !== 'chunked') return bytes;
  await writer.flush();
  for (const run of content.runs) {
    for (const [index, digest] of run.digests.entries()) {
      const location = writer.locate(digest);
      if (location === undefined) throw new Error('not located');
      (await reader.read({ digest, location })).copy(bytes, (run.start + index) * chunkBytes);
    }
  }
  return bytes;
}

describe('contents that are taken in', () => {
  it('come back as they were, however they are cut and whatever is a hole', async () => {
    const size = fc.oneof(
      fc.constantFrom(0, 1, 20_480, 20_481, 65_535, 65_536, 65_537, 131_072, 300_000),
      fc.nat(300_000),
    );
    const cuts = fc.array(fc.nat(300_000), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(size, cuts, fc.nat(1000), async (sizeBytes, places, seed) => {
        using started = { ...startIntake(), [Symbol.dispose]() {} };
        using _ = started.spool;
        const whole = Buffer.alloc(sizeBytes);
        const borders = [
          ...new Set([0, sizeBytes, ...places.filter((at) => at < sizeBytes)]),
        ].toSorted((left, right) => left - right);
        const segments: ContentSegment[] = [];
        borders.slice(0, -1).forEach((offset, index) => {
          const length = (borders[index + 1] ?? sizeBytes) - offset;
          // Every third stretch is a hole; some of the others are zeros.
          if ((index + seed) % 3 === 0 || length === 0) return;
          const bytes =
            (index + seed) % 3 === 1 ? pattern(length, seed + index) : Buffer.alloc(length);
          bytes.copy(whole, offset);
          segments.push({ offset, bytes });
        });
        const content = await started.intake.addFile(sizeBytes, segmentsOf(segments));
        expect((await readBack(started, content, sizeBytes)).equals(whole)).toBe(true);
        const isZero = whole.every((byte) => byte === 0);
        expect(content.kind).toBe(
          isZero ? 'zeros' : sizeBytes <= maxSmallBytes ? 'small' : 'chunked',
        );
      }),
      { numRuns: 60 },
    );
  });

  it('have a place each but for those that are the same', () => {
    const { intake, spool } = startIntake();
    using _ = spool;
    const [one, same, other] = ['one', 'one', 'two'].map((text) =>
      intake.addSmall(Buffer.from(text)),
    );
    expect(same).toBe(one);
    expect(other).not.toEqual(one);
    expect(intake.addSmall(Buffer.alloc(0))).toEqual({ kind: 'zeros' });
    expect(intake.addSmall(Buffer.alloc(20_000))).toEqual({ kind: 'zeros' });
  });
});

describe('a spool', () => {
  it('gives back what it was given, in whatever order', () => {
    using spool = createFileSpool(scratch);
    const parts = Array.from({ length: 60 }, (_, index) => pattern(50_000 + index, index));
    const offsets = parts.map((part) => spool.append(part));
    for (const index of [59, 0, 30, 21, 20, 58]) {
      const target = Buffer.alloc(parts[index]?.length ?? 0);
      spool.readInto(target, offsets[index] ?? 0);
      expect(target.equals(parts[index] ?? Buffer.of())).toBe(true);
    }
  });

  it('has no name', () => {
    using spool = createFileSpool(join(scratch, 'nameless'));
    spool.append(pattern(2_000_000).subarray(0, 1_000_000));
    expect(readdirSync(join(scratch, 'nameless'))).toEqual([]);
  });

  it('is home_unusable where it cannot be made', () => {
    const file = join(scratch, 'a-file');
    writeFileSync(file, '');
    expect(() => createFileSpool(join(file, 'below'))).toThrow(
      expect.objectContaining({ code: 'home_unusable' }),
    );
  });

  it.skipIf(whyNot !== null)(
    `is disk_full on a full disk${whyNot === null ? '' : ` (${whyNot})`}`,
    async () => {
      await using mount = await mountTmpfs(2 * 1024 * 1024);
      const fill = (): void => {
        using spool = createFileSpool(mount.path);
        for (let part = 0; part < 5; part += 1) spool.append(Buffer.alloc(900_000, 'x'));
      };
      expect(fill).toThrow(expect.objectContaining({ code: 'disk_full' }));
      // Nothing of it stays.
      expect(fill).toThrow(expect.objectContaining({ code: 'disk_full' }));
    },
  );
});
