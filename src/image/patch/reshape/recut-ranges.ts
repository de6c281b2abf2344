import { stretchesAround } from '../../../layout/recut-sequence.ts';
import type { Part, PartSummary, SplitLimits } from '../../../layout/split-sequence.ts';

export type RecutPart<New> =
  | { readonly kind: 'kept'; readonly number: number }
  | { readonly kind: 'cut'; readonly parts: readonly New[] };

export interface RangesToRecut<New extends PartSummary> {
  /** The parts of the sequence before it was changed. */
  readonly parts: readonly PartSummary[];
  /** Whole stretches of parts in which something changes. */
  readonly ranges: readonly Part[];
  readonly limits: SplitLimits;
  readonly isCertain: (
    parts: readonly PartSummary[],
    index: number,
    limits: SplitLimits,
  ) => boolean;
  /** Cuts what is in a range now. */
  readonly cut: (range: Part) => Promise<readonly New[]>;
}

/**
 * Cuts ranges of a sequence anew, widened until the items at which they meet the rest are peaks for certain, as they were
 * before: then nothing outside of them is cut elsewhere (`recut-sequence.ts`).
 */
export async function recutRanges<New extends PartSummary>(
  request: RangesToRecut<New>,
): Promise<RecutPart<New>[]> {
  const { parts, limits } = request;
  let ranges = mergeRanges(request.ranges);
  for (;;) {
    const cuts: (readonly New[])[] = [];
    for (const range of ranges) cuts.push(await request.cut(range));
    const assembled = assemble(parts.length, ranges, cuts);
    const summaries = assembled.flatMap((part): readonly PartSummary[] =>
      part.kind === 'cut' ? part.parts : parts.slice(part.number, part.number + 1),
    );
    let shift = 0;
    const wider = ranges.map(({ start, end }, index): Part => {
      const from = start + shift;
      const to = from + (cuts[index]?.length ?? 0);
      shift += (cuts[index]?.length ?? 0) - (end - start);
      const isStartCertain = start === 0 || request.isCertain(summaries, from, limits);
      const isEndCertain = end === parts.length || request.isCertain(summaries, to, limits);
      return stretchesAround(parts, {
        first: isStartCertain ? start : start - 1,
        last: isEndCertain ? end - 1 : end,
      });
    });
    if (wider.every(({ start, end }, at) => start === ranges[at]?.start && end === ranges[at]?.end))
      return assembled;
    ranges = mergeRanges(wider);
  }
}

/** Ranges in order, those that overlap or touch made one. */
function mergeRanges(ranges: readonly Part[]): Part[] {
  const merged: Part[] = [];
  for (const range of ranges.toSorted((left, right) => left.start - right.start)) {
    const last = merged.at(-1);
    if (last !== undefined && range.start <= last.end)
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    else merged.push(range);
  }
  return merged;
}

function assemble<New>(
  count: number,
  ranges: readonly Part[],
  cuts: readonly (readonly New[])[],
): RecutPart<New>[] {
  const assembled: RecutPart<New>[] = [];
  let next = 0;
  const keepUpTo = (end: number): void => {
    for (; next < end; next += 1) assembled.push({ kind: 'kept', number: next });
  };
  ranges.forEach(({ start, end }, index) => {
    keepUpTo(start);
    assembled.push({ kind: 'cut', parts: cuts[index] ?? [] });
    next = end;
  });
  keepUpTo(count);
  return assembled;
}
