import { createHash } from 'node:crypto';

/** Below the 255 bytes that a segment of an object key may have, with room for an ending such as `.json`. */
const maxBytes = 200;
const keptCharacters = 40;

/** A byte that no escaped text begins an escape with, as names have no NUL. */
const hashMark = '%00';

/**
 * A spelling of a package's name, or of a tarball's file name, for one segment of an object key: other texts have other
 * spellings, also on file systems that take upper and lower case for one, and none begins with a dot. Lower-case letters,
 * digits, `-`, `_` and inner dots stand for themselves, all else for its bytes in UTF-8 as `%XX`: `@s/P` is `%40s%2F%50`. What would
 * be longer than 200 bytes is cut and told apart by its SHA-256. `text` has no NUL.
 */
export function storeName(text: string): string {
  const escaped = escape(text);
  if (escaped.length <= maxBytes) return escaped;
  const hash = createHash('sha256').update(text).digest('hex');
  return `${escape(text.slice(0, keptCharacters))}${hashMark}${hash}`;
}

function escape(text: string): string {
  return text.replace(/^\.|[^a-z0-9._-]+/g, (run) =>
    [...Buffer.from(run, 'utf8')]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}
