import type { ObjectCache } from '../../src/network.ts';
import { recordReferences } from './record-references.ts';

/** What the objects under these keys are for people: the packages that refer to them, as far as records tell. */
export async function subjectsOf(
  cache: ObjectCache,
  keys: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const subjects = new Map<string, string>();
  if (keys.size === 0) return subjects;
  for await (const { key } of cache.objects.list('records/')) {
    const damaged = [key, ...(await recordReferences(cache, key))].filter((each) => keys.has(each));
    const subject = damaged.length === 0 ? null : subjectOfRecord(key);
    if (subject !== null) for (const each of damaged) subjects.set(each, subject);
  }
  return subjects;
}

/** See `cache-paths.ts` and `store-name.ts`. */
const recordPattern =
  /^records\/[^/]+(?:\/private\/[0-9a-f]{32})?\/(?<name>[^/]+)\/(?:tarballs\/(?<file>[^/]+)|(?<form>full|abbreviated))\.json$/;

/** The package that a record is about; null where its key does not tell. */
function subjectOfRecord(key: string): string | null {
  const { name, file, form } = recordPattern.exec(key)?.groups ?? {};
  if (name === undefined) return null;
  const what = file === undefined ? `${form} packument` : plainName(file);
  return `${plainName(name)}: ${what}`;
}

/** Long names are stored with their beginning alone. */
function plainName(stored: string): string {
  const [beginning = '', cut] = stored.split('%00');
  const plain = beginning.replace(/(?:%[0-9A-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
  return `${plain}${cut === undefined ? '' : '...'}`;
}
