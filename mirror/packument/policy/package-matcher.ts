import { parse, Range, validRange } from 'semver';
import { inside, invalidAt, type Place } from './policy-shape.ts';

/** Tells which packages, and which of their versions, a list names. */
export interface PackageMatcher {
  readonly isEmpty: boolean;
  /** The entry that names all versions of the package; null when none does. */
  matchAll(name: string): string | null;
  /** The entry that names the package, or some of its versions; null when none does. */
  matchSome(name: string): string | null;
  /** The entry that names this version; null when none does. A version that is no semantic version is in no range but `*`. */
  match(name: string, version: string): string | null;
  /** As `match`, but a version that is no semantic version is in every range: for what is forbidden. */
  matchOrOdd(name: string, version: string): string | null;
}

/**
 * Reads a list of packages. An entry is a name (`lodash`), a scope (`@acme`, `@acme/*`), or a pattern in which `*` stands for any
 * characters, a slash too (`*-internal`, `@types/node*`); each may end in `@` and a version or range of npm (`lodash@<4.17.21`).
 * Throws `policy_invalid`, naming the entry.
 */
export function createPackageMatcher(entries: readonly string[], place: Place): PackageMatcher {
  const rules = entries.map((entry, at) => parseRule(entry, inside(place, at)));
  const find = (isWanted: (rule: Rule) => boolean, name: string): string | null =>
    rules.find((rule) => rule.names.test(name) && isWanted(rule))?.entry ?? null;
  return {
    isEmpty: rules.length === 0,
    matchAll: (name) => find(({ range }) => range === null, name),
    matchSome: (name) => find(() => true, name),
    match: (name, version) => find(({ range }) => isInRange(range, version) === true, name),
    matchOrOdd: (name, version) => find(({ range }) => isInRange(range, version) !== false, name),
  };
}

interface Rule {
  readonly entry: string;
  readonly names: RegExp;
  /** Null for all versions. */
  readonly range: Range | null;
}

const nameForm = /^(?:@[A-Za-z0-9*!~'()._-]+(?:\/[A-Za-z0-9*!~'()._-]+)?|[A-Za-z0-9*!~'()._-]+)$/;

function parseRule(entry: string, place: Place): Rule {
  const at = entry.indexOf('@', 1);
  const name = at < 0 ? entry : entry.slice(0, at);
  const range = at < 0 ? '*' : entry.slice(at + 1).trim();
  if (!nameForm.test(name)) throw invalidAt(place, `names no package: ${JSON.stringify(entry)}`);
  if (range === '' || validRange(range) === null)
    throw invalidAt(place, `has no range of versions after its name: ${JSON.stringify(entry)}`);
  const isScope = name.startsWith('@') && !name.includes('/');
  return {
    entry,
    names: globPattern(isScope ? `${name}/*` : name),
    range: range === '*' ? null : new Range(range, { includePrerelease: true }),
  };
}

function globPattern(glob: string): RegExp {
  const parts = glob.split(/\*+/).map((text) => text.replace(/[.()!~'-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

/** Null when that cannot be said, as the version is no semantic version. */
function isInRange(range: Range | null, version: string): boolean | null {
  if (range === null) return true;
  const parsed = parse(version, { loose: true });
  return parsed === null ? null : range.test(parsed);
}
