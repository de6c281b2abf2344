import { AshlarError } from '../../src/index.ts';
import type { Edit } from './edits.ts';

/** A step of a pipeline: `pipeline(source, splice(...), destination)`. */
export type ByteTransform = (source: AsyncIterable<Buffer>) => AsyncGenerator<Buffer, void, void>;

/**
 * Carries out edits on a document of `sizeBytes` bytes as it streams by; everything else stays byte for byte. The edits
 * are in order and free of overlaps. Memory is constant; each piece goes on as one piece, not copied when no edit touches it.
 * Fails with `packument_index_corrupt` when the document ends earlier or goes on longer: then the edits are those of another
 * one, and what was given so far must not be used.
 */
export function splice(edits: readonly Edit[], sizeBytes: number): ByteTransform {
  return async function* spliced(source) {
    let offset = 0;
    let next = 0;
    for await (const piece of source) {
      const end = offset + piece.length;
      if (end > sizeBytes) throw otherSize(sizeBytes);
      const parts: Buffer[] = [];
      let from = offset;
      for (let edit = edits[next]; edit !== undefined && edit.start < end; edit = edits[next]) {
        if (edit.start > from) parts.push(piece.subarray(from - offset, edit.start - offset));
        if (edit.start >= offset) parts.push(edit.replacement);
        from = Math.min(edit.end, end);
        if (edit.end > end) break;
        next += 1;
      }
      if (from < end) parts.push(piece.subarray(from - offset));
      const joined = parts.length === 1 ? parts[0] : Buffer.concat(parts);
      if (joined !== undefined && joined.length > 0) yield joined;
      offset = end;
    }
    if (offset !== sizeBytes) throw otherSize(sizeBytes);
  };
}

function otherSize(sizeBytes: number): AshlarError {
  return new AshlarError(
    'packument_index_corrupt',
    `a packument does not have the ${sizeBytes} bytes that its index tells of`,
    { data: { sizeBytes } },
  );
}
