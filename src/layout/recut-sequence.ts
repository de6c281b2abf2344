import {
  cutSequence,
  type CutPart,
  type Part,
  type PartSummary,
  type SplitLimits,
  stretchWeightOf,
  type WeighedSequence,
} from './split-sequence.ts';

/*
 * Why a sequence in which little changes need not be looked at as a whole: call a peak an item before which the first cut of
 * `splitSequence` is made, as its reach weighs more than a stretch. Let `a` be a peak and `i` another item whose reach goes
 * beyond `a`. Then nothing between them is larger than `i`, nor is `a`, so that the reach of `i` has that of `a` in it: `i` is a
 * peak too, whatever lies beyond `a`. So between two peaks, the peaks are known from the items there and from the hash
 * behind them; and the second cut looks at one stretch alone.
 *
 * It follows that changes between two items that are peaks before and after, move cuts between them only.
 */

/** The parts from the last peak at or before `first` to before the next peak behind `last`. */
export function stretchesAround(
  parts: readonly PartSummary[],
  { first, last }: { readonly first: number; readonly last: number },
): Part {
  let start = Math.max(0, first);
  while (start > 0 && parts[start]?.isPeak !== true) start -= 1;
  let end = last + 1;
  while (end < parts.length && parts[end]?.isPeak !== true) end += 1;
  return { start, end: Math.min(end, parts.length) };
}

/** What lies on both sides of items that are cut anew. */
export interface RecutBounds {
  /** Whether the items begin the whole sequence; else the first of them is a peak of it. */
  readonly begins: boolean;
  /** The hash of the item behind them, a peak; null where they end the sequence. */
  readonly nextHash: number | null;
}

/** The parts into which `splitSequence` cuts items that lie between two peaks, or at an end, of a larger sequence. */
export function recutSequence(
  { weights, hashes }: WeighedSequence,
  limits: SplitLimits,
  { begins, nextHash }: RecutBounds,
): CutPart[] {
  // What makes a peak of each item that reaches it.
  const heavy = stretchWeightOf(limits) + 1;
  const before = begins ? [] : [{ weight: heavy, hash: Infinity }];
  const after = nextHash === null ? [] : [{ weight: heavy, hash: nextHash }];
  const parts = cutSequence(
    {
      weights: [
        ...before.map(({ weight }) => weight),
        ...weights,
        ...after.map(({ weight }) => weight),
      ],
      hashes: [...before.map(({ hash }) => hash), ...hashes, ...after.map(({ hash }) => hash)],
    },
    limits,
  );
  const own = parts.slice(before.length, parts.length - after.length);
  return own.map((part) => ({
    ...part,
    start: part.start - before.length,
    end: part.end - before.length,
  }));
}

/**
 * True when the first item of a part is a peak for certain, as far as summaries tell: where its reach ends within a part,
 * that part counts for nothing. Holds for any parts of a sequence, wherever they are cut.
 */
export function isCertainPeak(
  parts: readonly PartSummary[],
  index: number,
  limits: SplitLimits,
): boolean {
  const hash = parts[index]?.firstHash ?? 0;
  const stretchWeight = stretchWeightOf(limits);
  let weight = 0;
  for (let at = index - 1; at >= 0 && weight <= stretchWeight; at -= 1) {
    const part = parts[at];
    if (part === undefined || part.restHash >= hash) break;
    weight += part.weight;
    if (part.firstHash >= hash) break;
  }
  for (let at = index; at < parts.length && weight <= stretchWeight; at += 1) {
    const part = parts[at];
    if (part === undefined || part.restHash > hash || (at > index && part.firstHash > hash)) break;
    weight += part.weight;
  }
  return weight > stretchWeight;
}
