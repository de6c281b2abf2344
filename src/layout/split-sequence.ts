/** What is to be split: one weight and one hash an item, in order. Weights are integers of at least 0. */
export interface WeighedSequence {
  readonly weights: readonly number[];
  readonly hashes: readonly number[];
}

export interface SplitLimits {
  /** What a part may weigh; an item that weighs more is a part of its own. */
  readonly maxWeight: number;
  /** A stretch is cut to this many parts' weight where the hashes say, and further only into parts as full as may be. */
  readonly partsPerStretch: number;
}

/** Items from `start` to before `end`. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** What the cuts elsewhere in the sequence depend on, of a part that nobody looks into. */
export interface PartSummary {
  readonly weight: number;
  readonly firstHash: number;
  /** The largest hash of the items behind the first; -1 where there are none. */
  readonly restHash: number;
  /** True where a stretch begins with it; so one does with the first part. */
  readonly isPeak: boolean;
}

export type CutPart = Part & PartSummary;

/**
 * Splits a sequence into parts of bounded weight so that two sequences that are equal somewhere are mostly split at the
 * same items there. It cuts twice:
 *
 * 1. before an item where the neighbours over which its hash is the largest weigh more than a stretch. That asks nothing of
 *    what lies further away, so a change moves only the cuts beside it: other than with cuts after so and so many items, no
 *    chain of them shifts.
 * 2. a stretch that is too heavy for one part, at the largest hash of those items that leave parts enough room.
 *
 * The second makes parts fuller (about 0.7 of what they may weigh, in place of 0.5) and lets a change move the cuts of its
 * stretch.
 *
 * Where many items have the same hash and none a larger one, the first cuts at each of them as long as more than a stretch
 * follows: parts are small there.
 */
export function splitSequence(sequence: WeighedSequence, limits: SplitLimits): Part[] {
  return stretchesOf(sequence, limits).flat();
}

/** The same, with a summary of each part. */
export function cutSequence(sequence: WeighedSequence, limits: SplitLimits): CutPart[] {
  return stretchesOf(sequence, limits).flatMap((parts) =>
    parts.map((part, index) => ({ ...part, ...summarize(sequence, part), isPeak: index === 0 })),
  );
}

/** What the neighbours of a peak weigh more than. */
export function stretchWeightOf({ maxWeight, partsPerStretch }: SplitLimits): number {
  return maxWeight * partsPerStretch;
}

function stretchesOf(sequence: WeighedSequence, limits: SplitLimits): Part[][] {
  return cutAtPeaks(sequence, stretchWeightOf(limits)).map((stretch) =>
    splitStretch(sequence, stretch, limits.maxWeight),
  );
}

function summarize(
  { weights, hashes }: WeighedSequence,
  { start, end }: Part,
): Omit<PartSummary, 'isPeak'> {
  let weight = 0;
  let restHash = -1;
  for (let index = start; index < end; index += 1) {
    weight += numberAt(weights, index);
    if (index > start) restHash = Math.max(restHash, numberAt(hashes, index));
  }
  return { weight, firstHash: numberAt(hashes, start), restHash };
}

function cutAtPeaks({ weights, hashes }: WeighedSequence, stretchWeight: number): Part[] {
  const count = weights.length;
  const before = reachBefore(hashes);
  const after = reachAfter(hashes);
  const sums = prefixSums(weights);
  const parts: Part[] = [];
  let start = 0;
  for (let index = 1; index < count; index += 1) {
    const weight = (sums[after[index] ?? count] ?? 0) - (sums[before[index] ?? 0] ?? 0);
    if (weight <= stretchWeight) continue;
    parts.push({ start, end: index });
    start = index;
  }
  if (count > 0) parts.push({ start, end: count });
  return parts;
}

/** Where the reach of each item begins: at the next one to the left whose hash is at least as large, or at the start. */
function reachBefore(hashes: readonly number[]): Int32Array {
  const reach = new Int32Array(hashes.length);
  const larger = new Int32Array(hashes.length);
  let count = 0;
  for (let index = 0; index < hashes.length; index += 1) {
    const hash = numberAt(hashes, index);
    while (count > 0 && numberAt(hashes, numberAt(larger, count - 1)) < hash) count -= 1;
    reach[index] = count > 0 ? numberAt(larger, count - 1) : 0;
    larger[count] = index;
    count += 1;
  }
  return reach;
}

/** Where it ends: before the next one to the right whose hash is larger, or at the end. */
function reachAfter(hashes: readonly number[]): Int32Array {
  const reach = new Int32Array(hashes.length);
  const larger = new Int32Array(hashes.length);
  let count = 0;
  for (let index = hashes.length - 1; index >= 0; index -= 1) {
    const hash = numberAt(hashes, index);
    while (count > 0 && numberAt(hashes, numberAt(larger, count - 1)) <= hash) count -= 1;
    reach[index] = count > 0 ? numberAt(larger, count - 1) : hashes.length;
    larger[count] = index;
    count += 1;
  }
  return reach;
}

function numberAt(numbers: readonly number[] | Int32Array, index: number): number {
  return numbers[index] as number;
}

function prefixSums(weights: readonly number[]): Float64Array {
  const sums = new Float64Array(weights.length + 1);
  weights.forEach((weight, index) => {
    sums[index + 1] = (sums[index] ?? 0) + weight;
  });
  return sums;
}

function splitStretch(sequence: WeighedSequence, stretch: Part, maxWeight: number): Part[] {
  const parts: Part[] = [];
  let { start } = stretch;
  let left = 0;
  for (let index = start; index < stretch.end; index += 1) left += sequence.weights[index] ?? 0;
  while (left > maxWeight && stretch.end - start > 1) {
    const rest = { start, end: stretch.end };
    const end = findCut(sequence, rest, { weight: left, maxWeight });
    for (let index = start; index < end; index += 1) left -= sequence.weights[index] ?? 0;
    parts.push({ start, end });
    start = end;
  }
  parts.push({ start, end: stretch.end });
  return parts;
}

/**
 * Where the first part of a stretch ends: at the largest hash for which the rest fits into one part less, else where it
 * fits into as many.
 */
function findCut(
  { weights, hashes }: WeighedSequence,
  { start, end }: Part,
  limits: { readonly weight: number; readonly maxWeight: number },
): number {
  const { weight, maxWeight } = limits;
  const fewest = Math.ceil(weight / maxWeight);
  for (const others of [fewest - 1, fewest]) {
    let best = -1;
    let first = 0;
    for (let index = start + 1; index < end; index += 1) {
      first += weights[index - 1] ?? 0;
      if (first > maxWeight) break;
      const isRoomEnough = weight - first <= others * maxWeight;
      if (isRoomEnough && (hashes[index] ?? 0) > (hashes[best] ?? -1)) best = index;
    }
    if (best >= 0) return best;
  }
  return start + 1;
}
