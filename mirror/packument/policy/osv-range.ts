import { coerce, parse, type SemVer } from 'semver';
import {
  arrayAt,
  inside,
  invalidAt,
  isRecord,
  type Place,
  recordAt,
  textAt,
} from './policy-shape.ts';

/** Whether a version is affected. Null is a version that is no semantic version. */
export type AffectedRange = (version: SemVer | null) => boolean;

/**
 * Reads one of the `ranges` of an OSV record (Open Source Vulnerability format 1.7, affected[].ranges[] and "Evaluation"); null
 * for those of type GIT, which say nothing of versions. ECOSYSTEM is read as SEMVER: npm's order is that of semantic versions. A
 * version that is none counts as affected by every range.
 */
export function parseOsvRange(value: unknown, place: Place): AffectedRange | null {
  const record = recordAt(value, place);
  const type = textAt(record['type'], inside(place, 'type'));
  if (type === 'GIT') return null;
  if (type !== 'SEMVER' && type !== 'ECOSYSTEM')
    throw invalidAt(inside(place, 'type'), `is none of SEMVER, ECOSYSTEM and GIT`);
  const eventsPlace = inside(place, 'events');
  const events = arrayAt(record['events'], eventsPlace).map((event, at) =>
    parseEvent(event, inside(eventsPlace, at)),
  );
  const limits = events.filter(({ kind }) => kind === 'limit');
  const changes = events.filter(({ kind }) => kind !== 'limit').sort(compareEvents);
  return (version) =>
    version === null || (isBelow(limits, version) && isAffected(changes, version));
}

type EventKind = 'introduced' | 'fixed' | 'last_affected' | 'limit';

interface Event {
  readonly kind: EventKind;
  /** Null for `0`, before all versions, and for the limit `*`, after all. */
  readonly version: SemVer | null;
}

const kinds: readonly EventKind[] = ['introduced', 'fixed', 'last_affected', 'limit'];

function parseEvent(value: unknown, place: Place): Event {
  const kind = kinds.find((name) => isRecord(value) && name in value);
  if (kind === undefined || !isRecord(value))
    throw invalidAt(place, `has none of ${kinds.join(', ')}`);
  const text = textAt(value[kind], inside(place, kind));
  if ((kind === 'introduced' && text === '0') || (kind === 'limit' && text === '*'))
    return { kind, version: null };
  const version = parse(text, { loose: true }) ?? coerce(text, { includePrerelease: true });
  if (version === null) throw invalidAt(inside(place, kind), 'is no semantic version');
  return { kind, version };
}

function compareEvents(a: Event, b: Event): number {
  if (a.version === null || b.version === null)
    return Number(a.version !== null) - Number(b.version !== null);
  return a.version.compare(b.version);
}

function isBelow(limits: readonly Event[], version: SemVer): boolean {
  if (limits.length === 0) return true;
  return limits.some((limit) => limit.version === null || version.compare(limit.version) < 0);
}

function isAffected(changes: readonly Event[], version: SemVer): boolean {
  let affected = false;
  for (const { kind, version: at } of changes) {
    const order = at === null ? 1 : version.compare(at);
    if (kind === 'introduced' && order >= 0) affected = true;
    if (kind === 'fixed' && order >= 0) affected = false;
    if (kind === 'last_affected' && order > 0) affected = false;
  }
  return affected;
}
