import type { BytePath } from '../../../src/index.ts';
import type { OsFacts } from '../base-facts.ts';
import type { Look } from '../look.ts';
import { parseKeyValues } from './os-release.ts';
import { readPrecursors } from './precursors.ts';

/** Real ones have some hundred bytes. */
const maxOsReleaseBytes = 64 * 1024;

const nothing: OsFacts = {
  id: null,
  idLike: [],
  versionId: null,
  versionCodename: null,
  name: null,
  prettyName: null,
  source: null,
  codenameOf: new Map(),
  debianVersion: null,
};

/**
 * What the image says it is: by os-release(5), `/etc` before `/usr/lib`; else by the files that distributions had before.
 * Those also fill in what os-release leaves out.
 */
export async function findOs(look: Look): Promise<OsFacts> {
  const precursors = await readPrecursors(look);
  const { debianVersion } = precursors;
  for (const path of ['etc/os-release', 'usr/lib/os-release']) {
    const found = await readOsRelease(look, path);
    if (found === null) continue;
    const { lsb } = precursors;
    if (lsb?.id === found.id && differ(lsb.versionId, found.versionId))
      look.note({
        path,
        kind: 'contradiction',
        says: `says version ${found.versionId}, and /${lsb.source} says ${lsb.versionId}`,
      });
    const codename = found.versionCodename ?? (lsb?.id === found.id ? lsb.versionCodename : null);
    return { ...found, versionCodename: codename, debianVersion };
  }
  return { ...nothing, ...precursors.first, debianVersion };
}

function differ(left: string | null | undefined, right: string | null): boolean {
  return typeof left === 'string' && right !== null && left !== right;
}

async function readOsRelease(look: Look, path: BytePath): Promise<OsFacts | null> {
  const text = await look.text(path, maxOsReleaseBytes);
  if (text === null) return null;
  const { values, badLines } = parseKeyValues(text);
  if (badLines > 0)
    look.note({ path, kind: 'malformed', says: `has ${badLines} lines that are no assignments` });
  const id = values.get('ID')?.toLowerCase() ?? null;
  if (id === null || !isId(id)) {
    look.note({ path, kind: 'malformed', says: 'does not say what this is: it has no proper ID' });
    return null;
  }
  const said = (key: string): string | null => values.get(key) || null;
  return {
    ...nothing,
    id,
    idLike: (said('ID_LIKE') ?? '').toLowerCase().split(/\s+/).filter(isId),
    versionId: said('VERSION_ID'),
    versionCodename: said('VERSION_CODENAME'),
    name: said('NAME'),
    prettyName: said('PRETTY_NAME'),
    source: path,
    codenameOf: codenamesIn(values),
  };
}

function isId(text: string): boolean {
  return /^[a-z0-9._-]+$/.test(text);
}

/** `X_CODENAME` by x in lower case. */
function codenamesIn(values: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of values) {
    const id = /^([A-Z0-9]+)_CODENAME$/.exec(key)?.[1];
    if (id !== undefined && id !== 'VERSION' && value !== '') found.set(id.toLowerCase(), value);
  }
  return found;
}
