import { parse, Range, type SemVer, validRange } from 'semver';
import { type AffectedRange, parseOsvRange } from './osv-range.ts';
import {
  arrayAt,
  inside,
  invalidAt,
  isRecord,
  type JsonRecord,
  type Place,
  recordAt,
  textAt,
} from './policy-shape.ts';

export interface Advisory {
  /** Of the OSV record; null in the plain form. */
  readonly id: string | null;
  readonly summary: string | null;
}

/** Versions that are known to be bad. */
export interface Advisories {
  /** The first advisory that names this version of the package. */
  find(name: string, version: string): Advisory | null;
  readonly packageCount: number;
}

export const noAdvisories: Advisories = { find: () => null, packageCount: 0 };

/**
 * Reads an advisory file: JSON in one of two forms.
 *
 *     an OSV record, or an array of them (https://ossf.github.io/osv-schema): the npm packages in `affected`,
 *         with `versions` and with `ranges` of type SEMVER or ECOSYSTEM; records with `withdrawn` count no more
 *     { "name": ["1.2.3", "<4.17.21", "*"], ... }: versions or npm's ranges, prereleases among them
 *
 * A version that is no semantic version counts as within every range. Throws `policy_invalid` with the file and the place in it.
 */
export function parseAdvisories(text: string, file: string): Advisories {
  const place = { file, path: '' };
  const value = parseJson(text, place);
  const entries = new Map<string, Entry[]>();
  const add = (name: string, entry: Entry): void => {
    const list = entries.get(name);
    if (list === undefined) entries.set(name, [entry]);
    else list.push(entry);
  };
  if (Array.isArray(value))
    for (const [at, record] of value.entries()) addOsv(record, inside(place, at), add);
  else if (isRecord(value) && 'affected' in value && 'id' in value) addOsv(value, place, add);
  else addPlain(recordAt(value, place), place, add);
  return {
    packageCount: entries.size,
    find(name, version) {
      const list = entries.get(name);
      if (list === undefined) return null;
      const parsed = parse(version, { loose: true });
      return list.find((entry) => entry.affects(version, parsed))?.advisory ?? null;
    },
  };
}

interface Entry {
  readonly advisory: Advisory;
  affects(version: string, parsed: SemVer | null): boolean;
}

type AddEntry = (name: string, entry: Entry) => void;

function parseJson(text: string, place: Place): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidAt(place, `is no JSON: ${error.message}`);
  }
}

function addOsv(value: unknown, place: Place, add: AddEntry): void {
  const record = recordAt(value, place);
  const id = textAt(record['id'], inside(place, 'id'));
  if (record['withdrawn'] !== undefined && record['withdrawn'] !== null) return;
  const summary = typeof record['summary'] === 'string' ? record['summary'] : null;
  const affectedPlace = inside(place, 'affected');
  for (const [at, one] of arrayAt(record['affected'] ?? [], affectedPlace).entries()) {
    const onePlace = inside(affectedPlace, at);
    const affected = recordAt(one, onePlace);
    const packagePlace = inside(onePlace, 'package');
    const named = recordAt(affected['package'], packagePlace);
    if (named['ecosystem'] !== 'npm') continue;
    const name = textAt(named['name'], inside(packagePlace, 'name'));
    add(name, osvEntry(affected, onePlace, { id, summary }));
  }
}

function osvEntry(affected: JsonRecord, place: Place, advisory: Advisory): Entry {
  const versionsPlace = inside(place, 'versions');
  const versions = arrayAt(affected['versions'] ?? [], versionsPlace).map((version, at) =>
    textAt(version, inside(versionsPlace, at)),
  );
  const rangesPlace = inside(place, 'ranges');
  const ranges = arrayAt(affected['ranges'] ?? [], rangesPlace)
    .map((range, at) => parseOsvRange(range, inside(rangesPlace, at)))
    .filter((range): range is AffectedRange => range !== null);
  const listed = new Set(versions);
  return {
    advisory,
    affects: (version, parsed) => listed.has(version) || ranges.some((range) => range(parsed)),
  };
}

function addPlain(record: JsonRecord, place: Place, add: AddEntry): void {
  for (const [name, value] of Object.entries(record)) {
    const listPlace = inside(place, name);
    for (const [at, one] of arrayAt(value, listPlace).entries()) {
      const text = textAt(one, inside(listPlace, at));
      if (validRange(text) === null)
        throw invalidAt(inside(listPlace, at), 'is neither a version nor a range of npm');
      const range = new Range(text, { includePrerelease: true });
      add(name, {
        advisory: { id: null, summary: null },
        affects: (version, parsed) => version === text || parsed === null || range.test(parsed),
      });
    }
  }
}
