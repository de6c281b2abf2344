/**
 * Compares two versions number by number, up to the first that differ: `1.42.9` is below `1.43`, and `2:4.13+dfsg1-3` counts as
 * 4.13. What has no number counts as the oldest.
 */
export function isOlderThan(version: string, than: string): boolean {
  const left = numbersOf(version);
  const right = numbersOf(than);
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** `2:4.13+dfsg1-3` is 4.13: the part without epoch, Debian's revision, and what is added to either. */
export function upstreamOf(version: string): string {
  return /^[\d.]+/.exec(version.replace(/^\d+:/, ''))?.[0] ?? '';
}

function numbersOf(version: string): readonly number[] {
  return upstreamOf(version)
    .split('.')
    .map((part) => Number(part.slice(0, 9)));
}
