import type { SourceScalar } from './source-tree.ts';

/** A URL in the text of a lockfile. */
export interface SourceUrl {
  /** The URL itself, decoded. */
  readonly text: string;
  /** Where its first character stands in the lockfile. */
  readonly start: number;
  /** How URLs may be written at this place, the likeliest first; none where the place cannot be written. */
  readonly spellings: readonly Spelling[];
}

/** One way to write a URL; null where this URL cannot be written so. */
export type Spelling = (url: string) => string | null;

const asItIs: Spelling = (url) => url;
/** `https:\/\/host`, as some JSON writers do. */
const withEscapedSlashes: Spelling = (url) => url.replaceAll('/', String.raw`\/`);
/** Brackets end a plain scalar of YAML within braces. */
const withoutBrackets: Spelling = (url) => (/[[\]]/.test(url) ? null : url);

const percentEncoded =
  (times: number): Spelling =>
  (url) => {
    let text = url;
    for (let done = 0; done < times; done += 1) text = encodeURIComponent(text);
    return text;
  };

const spellingsOfForm: Readonly<Record<SourceScalar['form'], readonly Spelling[]>> = {
  json: [asItIs, withEscapedSlashes],
  single: [asItIs],
  bare: [withoutBrackets],
  folded: [],
};

/** A scalar that is a URL as a whole. */
export function scalarUrl(scalar: SourceScalar & { readonly value: string }): SourceUrl {
  return { text: scalar.value, start: scalar.start, spellings: spellingsOfForm[scalar.form] };
}

/**
 * A URL within a scalar, from `offset` of the value on, percent-encoded a number of times. Null for what is not encoded
 * at all.
 */
export function innerUrl(
  scalar: SourceScalar & { readonly value: string },
  { offset, text, encodedTimes }: { offset: number; text: string; encodedTimes: number },
): SourceUrl {
  let decoded = text;
  let spellings = [percentEncoded(encodedTimes)];
  // Escapes in the scalar move what comes after them.
  if (scalar.end - scalar.start !== scalar.value.length) spellings = [];
  try {
    for (let done = 0; done < encodedTimes; done += 1) decoded = decodeURIComponent(decoded);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    spellings = [];
  }
  return { text: decoded, start: scalar.start + offset, spellings };
}

/** The place of a URL's beginning in the source, and how new text is to be written there. */
export interface PrefixPlace {
  readonly start: number;
  readonly end: number;
  readonly spelling: Spelling;
}

/** Finds where `prefix`, with which the URL begins, stands in the lockfile; null where it is spelled in no known way. */
export function findPrefix(source: string, url: SourceUrl, prefix: string): PrefixPlace | null {
  for (const spelling of url.spellings) {
    const written = spelling(prefix);
    if (written !== null && source.startsWith(written, url.start)) {
      return { start: url.start, end: url.start + written.length, spelling };
    }
  }
  return null;
}
