import { AshlarError } from '../../src/index.ts';
import { isTag } from '../../src/network.ts';

const maxQueryLength = 4096;
const maxTypeLength = 255;
/** RFC 6838, section 4.2. */
const mediaTypePattern = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$/;

/** Throws `invalid_request` for what is too long to be meant. */
export function parseQuery(text: string): URLSearchParams {
  if (text.length <= maxQueryLength) return new URLSearchParams(text);
  throw new AshlarError('invalid_request', `the query has more than ${maxQueryLength} characters`);
}

/** `n` and `last` of a list of tags (OCI distribution-spec 1.1, "Listing Tags"). Throws `page_invalid`. */
export function readPage(query: URLSearchParams): { n: number | null; last: string | null } {
  const n = single(query, 'n');
  const last = single(query, 'last');
  if (n !== null && !/^\d{1,64}$/.test(n)) throw pageInvalid('n', n, 'is no number of tags');
  if (last !== null && last !== '' && !isTag(last)) throw pageInvalid('last', last, 'is no tag');
  return {
    n: n === null ? null : Math.min(Number(n), Number.MAX_SAFE_INTEGER),
    last: last === '' ? null : last,
  };
}

/** Throws `invalid_request`. */
export function readArtifactType(query: URLSearchParams): string | null {
  const values = query.getAll('artifactType');
  const [value = ''] = values;
  if (values.length > 1)
    throw new AshlarError('invalid_request', 'artifactType is there more than once');
  if (value === '') return null;
  // A plus that was not escaped came as a space, which no media type has.
  const type = value.replaceAll(' ', '+');
  if (type.length <= maxTypeLength && mediaTypePattern.test(type)) return type;
  const shown = JSON.stringify(value.slice(0, 100));
  throw new AshlarError('invalid_request', `artifactType is no media type: ${shown}`, {
    hint: 'Write it as artifactType=application/vnd.example%2Bjson.',
  });
}

function single(query: URLSearchParams, name: string): string | null {
  const values = query.getAll(name);
  if (values.length <= 1) return values[0] ?? null;
  throw pageInvalid(name, values.join(' and '), 'is there more than once');
}

function pageInvalid(name: string, value: string, problem: string): AshlarError {
  const shown = JSON.stringify(value.slice(0, 100));
  return new AshlarError('page_invalid', `${name} ${problem}: ${shown}`, { data: { name } });
}
