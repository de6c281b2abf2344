import type { ByteReader } from '../../src/index.ts';
import {
  absent,
  integrityOf,
  sha1Bytes,
  sha512Bytes,
  short,
  splitForms,
  tarballUrlOf,
} from './index-forms.ts';
import type {
  ByteRange,
  DistTag,
  Member,
  PackumentIndex,
  PackumentVersion,
} from './packument-index.ts';

/** Reads what `writeIndexBody` wrote. Throws a RangeError for anything else. */
export function readIndexBody(reader: ByteReader): PackumentIndex {
  const name = readText(reader);
  const sizeBytes = reader.varint();
  const modified = readOptional(reader, () => readText(reader));
  const prefix = readText(reader);

  const versions = new Map<string, PackumentVersion>();
  const versionMembers = readMembers(
    reader,
    () => readText(reader),
    (member) => {
      versions.set(member.key, readVersion(reader, member, prefix));
    },
  );
  const releaseTimes = new Map<string, number>();
  const keys = versionMembers.values();
  const timeMembers = readMembers(
    reader,
    () => readTimeKey(reader, keys),
    ({ key }) => {
      const timeMs = readOptional(reader, () => reader.signedVarint());
      if (timeMs !== null) releaseTimes.set(key, timeMs);
    },
  );
  const distTags = new Map<string, DistTag>();
  const tagMembers = readMembers(
    reader,
    () => readText(reader),
    (member) => {
      const tag = readOptional(reader, () => readTag(reader, member));
      if (tag !== null) distTags.set(member.key, tag);
    },
  );
  const members = { versions: versionMembers, time: timeMembers, distTags: tagMembers };
  return { name, sizeBytes, modified, versions, releaseTimes, distTags, members };
}

function readMembers(
  reader: ByteReader,
  readKey: () => string,
  readRest: (member: Member) => void,
): Member[] {
  const count = reader.varint();
  if (count > reader.remaining) throw new RangeError('has more members than bytes');
  const members: Member[] = [];
  let end = 0;
  for (let at = 0; at < count; at += 1) {
    const key = readKey();
    const start = end + reader.varint();
    end = start + reader.varint();
    const member = { key, start, end };
    members.push(member);
    readRest(member);
  }
  return members;
}

function readVersion(reader: ByteReader, member: Member, prefix: string): PackumentVersion {
  const version = member.key;
  const forms = splitForms(reader.varint());
  const readTarball = (): PackumentVersion['tarball'] => {
    if (forms.tarball === absent) return null;
    const url = forms.tarball === short ? tarballUrlOf(prefix, version) : readText(reader);
    return { url, range: readWithin(reader, member) };
  };
  const readIntegrity = (): string | null => {
    if (forms.integrity === absent) return null;
    return forms.integrity === short ? integrityOf(reader.bytes(sha512Bytes)) : readText(reader);
  };
  const readShasum = (): string | null => {
    if (forms.shasum === absent) return null;
    return forms.shasum === short ? reader.bytes(sha1Bytes).toString('hex') : readText(reader);
  };
  return {
    version,
    tarball: readTarball(),
    integrity: readIntegrity(),
    shasum: readShasum(),
    isDeprecated: forms.isDeprecated,
  };
}

function readTimeKey(reader: ByteReader, versions: Iterator<Member>): string {
  const literal = readOptional(reader, () => readText(reader));
  if (literal !== null) return literal;
  const next = versions.next();
  if (next.done === true) throw new RangeError('has a time of no version');
  return next.value.key;
}

function readTag(reader: ByteReader, member: Member): DistTag {
  const version = readText(reader);
  return { tag: member.key, version, range: readWithin(reader, member) };
}

function readWithin(reader: ByteReader, outer: ByteRange): ByteRange {
  const start = outer.start + reader.varint();
  return { start, end: start + reader.varint() };
}

function readOptional<T>(reader: ByteReader, read: () => T): T | null {
  return reader.varint() === 0 ? null : read();
}

function readText(reader: ByteReader): string {
  return reader.blob().toString('utf8');
}
