import type { ByteWriter } from '../../src/index.ts';
import { absent, asText, joinForms, sha1Of, sha512Of, short, tarballUrlOf } from './index-forms.ts';
import type { ByteRange, Member, PackumentIndex, PackumentVersion } from './packument-index.ts';

/**
 * The body of a stored index; numbers are varints, texts are UTF-8 with their length before them:
 *
 *     name   size of the JSON   0, or 1 and modified   prefix of the tarballs' URLs
 *     count, then for each member of versions:
 *         key   gap since the last member's end   length
 *         forms of the fields (index-forms.ts)
 *         tarball: its URL unless short; where the string begins, from the member's start; its length
 *         integrity: 64 bytes, or text       shasum: 20 bytes, or text
 *     count, then for each member of time:
 *         0 for the key of the next version, or 1 and the key   gap   length   0, or 1 and the milliseconds (signed)
 *     count, then for each member of dist-tags:
 *         key   gap   length   0, or 1, the version, where the string begins, its length
 */
export function writeIndexBody(writer: ByteWriter, index: PackumentIndex): void {
  const prefix = tarballPrefix(index);
  writeText(writer, index.name);
  writer.varint(index.sizeBytes);
  writer.varint(index.modified === null ? 0 : 1);
  if (index.modified !== null) writeText(writer, index.modified);
  writeText(writer, prefix);
  const { versions, time, distTags } = index.members;
  writeMembers(writer, versions, (member) => {
    writeText(writer, member.key);
    return () => writeVersion(writer, index.versions.get(member.key), { member, prefix });
  });
  const keys = versions.values();
  let expected = keys.next().value?.key;
  writeMembers(writer, time, ({ key }) => {
    const isExpected = key === expected;
    writer.varint(isExpected ? 0 : 1);
    if (isExpected) expected = keys.next().value?.key;
    else writeText(writer, key);
    return () => writeTime(writer, index.releaseTimes.get(key));
  });
  writeMembers(writer, distTags, (member) => {
    writeText(writer, member.key);
    return () => {
      const tag = index.distTags.get(member.key);
      writer.varint(tag === undefined ? 0 : 1);
      if (tag === undefined) return;
      writeText(writer, tag.version);
      writeWithin(writer, tag.range, member);
    };
  });
}

/** Writes the places of members; `writeKey` writes what comes before a place and gives what writes the rest. */
function writeMembers(
  writer: ByteWriter,
  members: readonly Member[],
  writeKey: (member: Member) => () => void,
): void {
  writer.varint(members.length);
  let end = 0;
  for (const member of members) {
    const writeRest = writeKey(member);
    writer.varint(member.start - end);
    writer.varint(member.end - member.start);
    ({ end } = member);
    writeRest();
  }
}

function writeVersion(
  writer: ByteWriter,
  version: PackumentVersion | undefined,
  { member, prefix }: { readonly member: Member; readonly prefix: string },
): void {
  const { tarball, integrity, shasum, isDeprecated } = version ?? nothing;
  const isShort = tarball?.url === tarballUrlOf(prefix, member.key);
  const sha512 = integrity === null ? null : sha512Of(integrity);
  const sha1 = shasum === null ? null : sha1Of(shasum);
  writer.varint(
    joinForms({
      tarball: tarball === null ? absent : isShort ? short : asText,
      integrity: formOf(integrity, sha512),
      shasum: formOf(shasum, sha1),
      isDeprecated,
    }),
  );
  if (tarball !== null) {
    if (!isShort) writeText(writer, tarball.url);
    writeWithin(writer, tarball.range, member);
  }
  writeDigest(writer, integrity, sha512);
  writeDigest(writer, shasum, sha1);
}

const nothing = { tarball: null, integrity: null, shasum: null, isDeprecated: false };

function formOf(text: string | null, bytes: Buffer | null): number {
  if (text === null) return absent;
  return bytes === null ? asText : short;
}

function writeDigest(writer: ByteWriter, text: string | null, bytes: Buffer | null): void {
  if (bytes !== null) writer.bytes(bytes);
  else if (text !== null) writeText(writer, text);
}

function writeTime(writer: ByteWriter, timeMs: number | undefined): void {
  writer.varint(timeMs === undefined ? 0 : 1);
  if (timeMs !== undefined) writer.signedVarint(timeMs);
}

function writeWithin(writer: ByteWriter, range: ByteRange, outer: ByteRange): void {
  writer.varint(range.start - outer.start);
  writer.varint(range.end - range.start);
}

function writeText(writer: ByteWriter, text: string): void {
  writer.blob(Buffer.from(text, 'utf8'));
}

/** What the URLs begin with, by the first version whose tarball is named after it. */
function tarballPrefix({ versions }: PackumentIndex): string {
  for (const { version, tarball } of versions.values()) {
    const ending = tarballUrlOf('', version);
    if (tarball?.url.endsWith(ending) === true) return tarball.url.slice(0, -ending.length);
  }
  return '';
}
