import type { JsonListener } from './json-listener.ts';
import type {
  ByteRange,
  DistTag,
  Member,
  PackumentIndex,
  PackumentVersion,
  Tarball,
} from './packument-index.ts';
import * as at from './packument-places.ts';
import { parseReleaseTime } from './release-time.ts';

/** Collects the index of a packument from what the walker tells. As in JSON.parse, the last of equal keys counts. */
export interface IndexListener extends JsonListener {
  finish(sizeBytes: number): PackumentIndex;
}

export interface IndexListenerOptions {
  readonly name: string;
  readonly maxMembers: number;
  readonly maxKeyBytes: number;
  readonly fail: (offset: number, what: string) => never;
}

export function createIndexListener(options: IndexListenerOptions): IndexListener {
  const draft = newDraft(options);
  return {
    key: (place, text, start) => takeKey(draft, place, { text, start }),
    object(place, offset) {
      if (place === at.name) options.fail(offset, 'has a name that is no string');
    },
    string: (place, text, range) => takeString(draft, place, { text, ...range }),
    other: (place, firstByte, offset) => takeOther(draft, place, { firstByte, offset }),
    memberEnd(place, end) {
      if (at.collections.has(place)) endMember(draft, place, end);
    },
    finish(sizeBytes) {
      if (!draft.hasName) options.fail(sizeBytes, 'has no name');
      return {
        name: options.name,
        sizeBytes,
        modified: draft.modified ?? draft.timeModified,
        versions: draft.versions,
        releaseTimes: draft.releaseTimes,
        distTags: draft.distTags,
        members: draft.members,
      };
    },
  };
}

interface Draft {
  readonly options: IndexListenerOptions;
  hasName: boolean;
  modified: string | null;
  timeModified: string | null;
  versions: Map<string, PackumentVersion>;
  releaseTimes: Map<string, number>;
  distTags: Map<string, DistTag>;
  readonly members: { versions: Member[]; time: Member[]; distTags: Member[] };
  /** The member of a collection that is being read. */
  key: string;
  start: number;
  /** Of that member, if it is a version. */
  tarball: Tarball | null;
  integrity: string | null;
  shasum: string | null;
  isDeprecated: boolean;
}

function newDraft(options: IndexListenerOptions): Draft {
  return {
    options,
    hasName: false,
    modified: null,
    timeModified: null,
    versions: new Map(),
    releaseTimes: new Map(),
    distTags: new Map(),
    members: { versions: [], time: [], distTags: [] },
    key: '',
    start: 0,
    tarball: null,
    integrity: null,
    shasum: null,
    isDeprecated: false,
  };
}

/** Whatever an earlier key of the same text brought is forgotten here, before the new value is read. */
function takeKey(
  draft: Draft,
  place: number,
  { text, start }: { text: string; start: number },
): number {
  if (at.collections.has(place)) return beginMember(draft, place, { text, start });
  const next = at.tables.get(place)?.get(text) ?? 0;
  switch (next) {
    case at.modified:
      draft.modified = null;
      break;
    case at.versions:
      draft.versions = new Map();
      draft.members.versions = [];
      break;
    case at.time:
      draft.releaseTimes = new Map();
      draft.members.time = [];
      draft.timeModified = null;
      break;
    case at.distTags:
      draft.distTags = new Map();
      draft.members.distTags = [];
      break;
    case at.dist:
      clearDist(draft);
      break;
    case at.deprecated:
      draft.isDeprecated = false;
      break;
    case at.tarball:
      draft.tarball = null;
      break;
    case at.integrity:
      draft.integrity = null;
      break;
    case at.shasum:
      draft.shasum = null;
      break;
    default:
  }
  return next;
}

function clearDist(draft: Draft): void {
  draft.tarball = null;
  draft.integrity = null;
  draft.shasum = null;
}

function beginMember(
  draft: Draft,
  place: number,
  { text, start }: { text: string; start: number },
): number {
  const { fail, maxMembers, maxKeyBytes } = draft.options;
  if (membersOf(draft, place).length === maxMembers)
    fail(start, `has more than ${maxMembers} ${nameOf(place)}`);
  if (Buffer.byteLength(text) > maxKeyBytes)
    fail(start, `has a key of more than ${maxKeyBytes} bytes in its ${nameOf(place)}`);
  draft.key = text;
  draft.start = start;
  if (place === at.versions) {
    clearDist(draft);
    draft.isDeprecated = false;
    return at.version;
  }
  if (place === at.time) {
    draft.releaseTimes.delete(text);
    if (text === 'modified') draft.timeModified = null;
    return at.releaseTime;
  }
  draft.distTags.delete(text);
  return at.tagVersion;
}

function endMember(draft: Draft, place: number, end: number): void {
  const { key, start } = draft;
  membersOf(draft, place).push({ key, start, end });
  if (place !== at.versions) return;
  const { tarball, integrity, shasum, isDeprecated } = draft;
  draft.versions.set(key, { version: key, tarball, integrity, shasum, isDeprecated });
}

function membersOf(draft: Draft, place: number): Member[] {
  if (place === at.versions) return draft.members.versions;
  return place === at.time ? draft.members.time : draft.members.distTags;
}

function nameOf(place: number): string {
  if (place === at.versions) return 'versions';
  return place === at.time ? 'times' : 'dist-tags';
}

function takeString(
  draft: Draft,
  place: number,
  found: { readonly text: string } & ByteRange,
): void {
  const { text, start, end } = found;
  switch (place) {
    case at.name:
      return takeName(draft, text, start);
    case at.modified:
      draft.modified = text;
      return;
    case at.versions:
      return draft.options.fail(start, 'has versions that are no object');
    case at.deprecated:
      draft.isDeprecated = end - start > 2;
      return;
    case at.tarball:
      draft.tarball = { url: text, range: { start, end } };
      return;
    case at.integrity:
      draft.integrity = text;
      return;
    case at.shasum:
      draft.shasum = text;
      return;
    case at.releaseTime:
      return takeTime(draft, text);
    case at.tagVersion:
      draft.distTags.set(draft.key, { tag: draft.key, version: text, range: { start, end } });
      return;
    default:
  }
}

function takeName(draft: Draft, text: string, start: number): void {
  if (text !== draft.options.name)
    draft.options.fail(start, `has the name ${JSON.stringify(text.slice(0, 214))}`);
  draft.hasName = true;
}

function takeTime(draft: Draft, text: string): void {
  const timeMs = parseReleaseTime(text);
  if (timeMs !== null) draft.releaseTimes.set(draft.key, timeMs);
  if (draft.key === 'modified') draft.timeModified = text;
}

function takeOther(
  draft: Draft,
  place: number,
  { firstByte, offset }: { firstByte: number; offset: number },
): void {
  if (place === at.name) draft.options.fail(offset, 'has a name that is no string');
  if (place === at.versions) draft.options.fail(offset, 'has versions that are no object');
  if (place === at.deprecated) draft.isDeprecated = firstByte === letterT;
}

const letterT = 0x74;
