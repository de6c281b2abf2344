import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { paddedBytes, parsePaxRecords, parseTarHeader, type TarHeader } from './tar-header.ts';

/** Where the bytes of a member lie in the archive. */
export interface ArchiveMember {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

export interface TarIndex {
  /** A regular file by its name without `./`; links that the archive holds are followed. */
  find(name: string): ArchiveMember | null;
}

interface Link {
  readonly target: string;
}

/** `docker save` of a hundred images has some thousand members. */
const maxMembers = 200_000;
const maxNameBytes = 1024 * 1024;
const maxLinks = 8;
const blockBytes = 512;

/**
 * Walks the headers of an uncompressed tar without reading the data between them. Refused, through `fail`:
 * what is no tar, members that reach beyond the file, names that stand there twice (which of them counts
 * depends on the reader), sparse members, and absurd numbers of members.
 */
export async function indexTar(
  handle: FileHandle,
  fileBytes: number,
  fail: (problem: string) => Error,
): Promise<TarIndex> {
  const members = new Map<string, ArchiveMember | Link>();
  let at = 0;
  let long: LongFields = {};
  while (at + blockBytes <= fileBytes) {
    const failHere = (problem: string): Error => fail(`${problem} at offset ${at}`);
    const header = parseTarHeader(
      await readExactly(handle, { at, sizeBytes: blockBytes }, failHere),
      failHere,
    );
    if (header === null) break;
    if (members.size >= maxMembers) throw fail(`has more than ${maxMembers} members`);
    const dataAt = at + blockBytes;
    if (isExtension(header)) {
      if (header.sizeBytes > maxNameBytes) throw failHere('has an overlong tar extension header');
      const data = await readExactly(handle, { at: dataAt, sizeBytes: header.sizeBytes }, failHere);
      long = { ...long, ...longFieldsOf(header, data, failHere) };
      at = dataAt + paddedBytes(header.sizeBytes);
      continue;
    }
    const sizeBytes = long.sizeBytes ?? (hasData(header) ? header.sizeBytes : 0);
    if (dataAt + sizeBytes > fileBytes) throw failHere('ends early, within the member');
    addMember(members, { header, long, offsetBytes: dataAt, sizeBytes, fail: failHere });
    at = dataAt + paddedBytes(sizeBytes);
    long = {};
  }
  return { find: (name) => followLinks(members, name) };
}

interface LongFields {
  readonly name?: string;
  readonly linkName?: string;
  readonly sizeBytes?: number;
}

interface NewMember {
  readonly header: TarHeader;
  readonly long: LongFields;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly fail: (problem: string) => Error;
}

function addMember(
  members: Map<string, ArchiveMember | Link>,
  { header, long, offsetBytes, sizeBytes, fail }: NewMember,
): void {
  const name = plainName(long.name ?? header.name);
  const linkName = long.linkName ?? header.linkName;
  if (header.type === 'S') throw fail(`has the sparse member ${JSON.stringify(name)}`);
  const member = memberOf(header.type, { name, linkName, offsetBytes, sizeBytes });
  if (member === null || name === null) return;
  if (members.has(name)) throw fail(`has the member ${JSON.stringify(name)} twice`);
  members.set(name, member);
}

function memberOf(
  type: string,
  facts: ArchiveMember & { readonly name: string | null; readonly linkName: string },
): ArchiveMember | Link | null {
  const { name, linkName, offsetBytes, sizeBytes } = facts;
  if (type === '0' || type === '7') return { offsetBytes, sizeBytes };
  if (type === '1') return { target: plainName(linkName) ?? '' };
  if (type !== '2') return null;
  return { target: plainName(posix.join(posix.dirname(name ?? '.'), linkName)) ?? '' };
}

/** Null for names outside the archive: they can never be asked for. */
function plainName(name: string): string | null {
  const plain = posix.normalize(name).replace(/\/$/, '');
  return plain.startsWith('/') || plain === '..' || plain.startsWith('../') ? null : plain;
}

function followLinks(
  members: ReadonlyMap<string, ArchiveMember | Link>,
  name: string,
): ArchiveMember | null {
  let member = members.get(plainName(name) ?? '');
  for (let hops = 0; hops < maxLinks && member !== undefined; hops += 1) {
    if (!('target' in member)) return member;
    member = members.get(member.target);
  }
  return null;
}

/** Links, devices and directories have no data, whatever their size field says. */
function hasData(header: TarHeader): boolean {
  return !['1', '2', '3', '4', '5', '6'].includes(header.type);
}

/** `x` and `g`: pax; `L` and `K`: GNU tar's long names. */
function isExtension(header: TarHeader): boolean {
  return ['x', 'g', 'L', 'K'].includes(header.type);
}

function longFieldsOf(
  header: TarHeader,
  data: Buffer,
  fail: (problem: string) => Error,
): LongFields {
  const text = (): string => data.toString('utf8').replace(/\0.*$/s, '');
  if (header.type === 'L') return { name: text() };
  if (header.type === 'K') return { linkName: text() };
  const records = parsePaxRecords(data, fail);
  if ([...records.keys()].some((key) => key.startsWith('GNU.sparse.'))) {
    throw fail('has a sparse member');
  }
  // A global header names comments and the like; one that set a name for all would make no sense.
  if (header.type === 'g') return {};
  const name = records.get('path');
  const linkName = records.get('linkpath');
  const size = records.get('size');
  if (size !== undefined && !/^[0-9]{1,15}$/.test(size)) throw fail('has a damaged pax header');
  return {
    ...(name === undefined ? {} : { name }),
    ...(linkName === undefined ? {} : { linkName }),
    ...(size === undefined ? {} : { sizeBytes: Number(size) }),
  };
}

async function readExactly(
  handle: FileHandle,
  { at, sizeBytes }: { readonly at: number; readonly sizeBytes: number },
  fail: (problem: string) => Error,
): Promise<Buffer> {
  const buffer = Buffer.alloc(sizeBytes);
  let done = 0;
  while (done < sizeBytes) {
    const { bytesRead } = await handle.read(buffer, done, sizeBytes - done, at + done);
    if (bytesRead === 0) throw fail('ends early');
    done += bytesRead;
  }
  return buffer;
}
