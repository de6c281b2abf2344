/** Differences up to which a name counts as a slip of the pen. */
const maxEdits = 2;
const maxLength = 200;

/** The name out of `names` that `name` was most likely meant to be; undefined when none is near. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  return nearestNames(name, names, 1)[0];
}

/** Up to `count` names near to `name`, nearest first. Letter case does not count as a difference. */
export function nearestNames(name: string, names: Iterable<string>, count: number): string[] {
  const wanted = name.toLowerCase();
  const found: { candidate: string; distance: number }[] = [];
  for (const candidate of names) {
    if (candidate === name || candidate.length > maxLength || wanted.length > maxLength) continue;
    if (Math.abs(candidate.length - wanted.length) > maxEdits) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    const bound = Math.min(maxEdits, Math.ceil(Math.min(wanted.length, candidate.length) / 2));
    if (distance <= bound) found.push({ candidate, distance });
  }
  found.sort((left, right) => left.distance - right.distance || compare(left, right));
  return found.slice(0, count).map(({ candidate }) => candidate);
}

function compare(left: { candidate: string }, right: { candidate: string }): number {
  return left.candidate < right.candidate ? -1 : 1;
}

/** Insertions, removals, replacements and swaps of neighbours that make one text into the other. */
function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1];
      if (swapped) best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}
