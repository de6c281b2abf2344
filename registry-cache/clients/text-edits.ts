/** What stands at `offset` of a text, and what is put in its place. */
export interface TextEdit {
  readonly offset: number;
  readonly removed: string;
  readonly inserted: string;
}

/** Each edit counts in what the one before has left. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  return edits.reduce(
    (before, { offset, removed, inserted }) =>
      before.slice(0, offset) + inserted + before.slice(offset + removed.length),
    text,
  );
}

/** The edits that take others back. */
export function reversed(edits: readonly TextEdit[]): readonly TextEdit[] {
  return edits
    .map(({ offset, removed, inserted }) => ({ offset, removed: inserted, inserted: removed }))
    .toReversed();
}

/**
 * Takes edits back in a text that was changed since, as far as what they inserted is still there, and there once only; null where
 * it is not.
 */
export function takeBack(text: string, edits: readonly TextEdit[]): string | null {
  let result = text;
  for (const { removed, inserted } of edits.toReversed()) {
    const at = result.indexOf(inserted);
    if (inserted === '' || at === -1 || result.includes(inserted, at + 1)) return null;
    result = result.slice(0, at) + removed + result.slice(at + inserted.length);
  }
  return result;
}
