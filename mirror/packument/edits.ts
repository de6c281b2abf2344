import type { ByteRange } from './packument-index.ts';

/** Bytes of a document that are to be replaced: by nothing to take them out. */
export interface Edit extends ByteRange {
  readonly replacement: Buffer;
}

/**
 * The edits of both, in the order of the document. What `first` takes out or replaces, `second` does not touch: an edit
 * of `second` that overlaps one of `first` is left out. Each list is in order and free of overlaps already.
 */
export function mergeEdits(first: readonly Edit[], second: readonly Edit[]): Edit[] {
  const merged: Edit[] = [];
  let at = 0;
  for (const edit of second) {
    for (let next = first[at]; next !== undefined && next.end <= edit.start; next = first[at]) {
      merged.push(next);
      at += 1;
    }
    const next = first[at];
    if (next === undefined || next.start >= edit.end) merged.push(edit);
  }
  merged.push(...first.slice(at));
  return merged;
}
