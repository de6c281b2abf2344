/** The bytes of one content in terms of another: what it shares with it at both ends, and what it has between. */
export interface ContentDifference {
  readonly keepsStart: number;
  readonly keepsEnd: number;
  /** In base64. */
  readonly removed: string;
}

/** What makes `before` out of `after`. A line that was put into a bundle of authorities costs a few bytes. */
export function differenceOf(before: Buffer, after: Buffer): ContentDifference {
  const shorter = Math.min(before.length, after.length);
  let keepsStart = 0;
  while (keepsStart < shorter && before[keepsStart] === after[keepsStart]) keepsStart += 1;
  let keepsEnd = 0;
  while (
    keepsEnd < shorter - keepsStart &&
    before[before.length - 1 - keepsEnd] === after[after.length - 1 - keepsEnd]
  )
    keepsEnd += 1;
  const removed = before.subarray(keepsStart, before.length - keepsEnd).toString('base64');
  return { keepsStart, keepsEnd, removed };
}

/** Null where the difference is not one to this content. */
export function applyDifference(
  { keepsStart, keepsEnd, removed }: ContentDifference,
  after: Buffer,
): Buffer | null {
  if (keepsStart + keepsEnd > after.length) return null;
  return Buffer.concat([
    after.subarray(0, keepsStart),
    Buffer.from(removed, 'base64'),
    after.subarray(after.length - keepsEnd),
  ]);
}
