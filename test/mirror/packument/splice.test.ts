import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Edit, mergeEdits } from '../../../mirror/packument/edits.ts';
import { splice } from '../../../mirror/packument/splice.ts';
import { transformed } from './support/scan.ts';

const document = Buffer.from(Array.from({ length: 100 }, (_, at) => 32 + (at % 90)));

/** Edits in order, free of overlaps, some of them next to each other. */
const editLists: fc.Arbitrary<Edit[]> = fc
  .array(fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 30 }), fc.constantFrom('', 'X', '<long>')), {
    maxLength: 12,
  })
  .map((list) => {
    const edits: Edit[] = [];
    let at = 0;
    for (const [gap, length, replacement] of list) {
      const edit = {
        start: at + gap,
        end: at + gap + length,
        replacement: Buffer.from(replacement),
      };
      if (edit.end > document.length) break;
      edits.push(edit);
      at = edit.end;
    }
    return edits;
  });
const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 4 });

function edited(edits: readonly Edit[]): string {
  return edits.reduceRight(
    (text, { start, end, replacement }) =>
      text.slice(0, start) + replacement.toString() + text.slice(end),
    document.toString(),
  );
}

describe('splicing', () => {
  it('carries out edits, however the bytes are cut', () =>
    fc.assert(
      fc.asyncProperty(editLists, sizes, async (edits, sizes) => {
        const given = await transformed(document, splice(edits, document.length), sizes);
        expect(given).toBe(edited(edits));
      }),
      { numRuns: 1000 },
    ));

  it('refuses a document of another size', async () => {
    for (const sizeBytes of [99, 101, 0]) {
      const given = transformed(document, splice([], sizeBytes), [10]);
      await expect(given).rejects.toMatchObject({ code: 'packument_index_corrupt' });
    }
  });
});

describe('merged edits', () => {
  it('are all of the first, and those of the second that lie apart', () => {
    fc.assert(
      fc.property(editLists, editLists, (first, second) => {
        const apart = second.filter((edit) =>
          first.every(({ start, end }) => end <= edit.start || start >= edit.end),
        );
        const expected = [...first, ...apart].sort((a, b) => a.start - b.start);
        expect(mergeEdits(first, second)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });
});
