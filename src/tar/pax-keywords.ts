import { paxNumber, paxTime, type PaxField } from './pax-number.ts';
import { addSparseRecord, createPaxSparse } from './pax-sparse.ts';
import type { PaxValues } from './pax-values.ts';
import { maxDeviceNumber, maxId } from './tar-entry.ts';
import { invalidTar } from './tar-place.ts';

interface Keyword {
  /** Whether a global header may set it. */
  readonly global: 'allowed' | 'refused';
  /** `text` is the value's bytes (latin1). */
  set(values: PaxValues, text: string, field: PaxField): void;
}

/**
 * The keywords that the reader knows, but for extended attributes: POSIX.1-2017, pax, "pax Extended Header"; SCHILY.*
 * of star(5); GNU.* of the GNU tar manual, "Storing Sparse Files" and "Tar Internals".
 *
 * Refused are those that change where the content lies and that only star or multi-volume archives use. Not
 * known, and so ignored, are among others atime, ctime, uname, gname, comment, SCHILY.fflags, SCHILY.dev, SCHILY.ino,
 * SCHILY.nlink and RHT.security.selinux (a label of the machine that wrote the archive).
 */
export const paxKeywords: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ['path', ofEntry((values, text) => (values.path = text || undefined))],
  ['linkpath', ofEntry((values, text) => (values.linkPath = text || undefined))],
  ['size', ofEntry((values, text, field) => (values.sizeBytes = sizeIn(text, field)))],
  ['uid', ofAny((values, text, field) => (values.uid = idIn(text, field)))],
  ['gid', ofAny((values, text, field) => (values.gid = idIn(text, field)))],
  [
    'mtime',
    ofAny((values, text, field) => (values.mtime = text ? paxTime(text, field) : undefined)),
  ],
  ['hdrcharset', ofAny((_values, text, field) => checkCharset(text, field))],
  [
    'SCHILY.devmajor',
    ofEntry((values, text, field) => (values.deviceMajor = deviceIn(text, field))),
  ],
  [
    'SCHILY.devminor',
    ofEntry((values, text, field) => (values.deviceMinor = deviceIn(text, field))),
  ],
  ['SCHILY.acl.access', ofEntry((values, text) => (values.accessAcl = text || undefined))],
  ['SCHILY.acl.default', ofEntry((values, text) => (values.defaultAcl = text || undefined))],
  ...['major', 'minor', 'name', 'realsize', 'size', 'numblocks', 'offset', 'numbytes', 'map'].map(
    (name): [string, Keyword] => [`GNU.sparse.${name}`, ofEntry(setSparse)],
  ),
  ...['SCHILY.realsize', 'GNU.volume.filename', 'GNU.volume.size', 'GNU.volume.offset'].map(
    (name): [string, Keyword] => [name, ofEntry(refuse)],
  ),
]);

function ofEntry(set: Keyword['set']): Keyword {
  return { global: 'refused', set };
}

function ofAny(set: Keyword['set']): Keyword {
  return { global: 'allowed', set };
}

function sizeIn(text: string, field: PaxField): number | undefined {
  return text === '' ? undefined : paxNumber(text, Number.MAX_SAFE_INTEGER, field);
}

function idIn(text: string, field: PaxField): number | undefined {
  return text === '' ? undefined : paxNumber(text, maxId, field);
}

function deviceIn(text: string, field: PaxField): number | undefined {
  return text === '' ? undefined : paxNumber(text, maxDeviceNumber, field);
}

function setSparse(values: PaxValues, text: string, field: PaxField): void {
  values.sparse ??= createPaxSparse();
  addSparseRecord(values.sparse, text, field);
}

/** Names are bytes here, so both charsets that the standard defines mean the same. */
function checkCharset(text: string, { place }: PaxField): void {
  if (text === '' || text === 'BINARY' || text === 'ISO-IR 10646 2000 UTF-8') return;
  throw invalidTar(place, `the charset of its names is not known: ${JSON.stringify(text)}`);
}

function refuse(_values: PaxValues, _text: string, { keyword, place }: PaxField): never {
  throw invalidTar(place, `${keyword} is not supported`);
}
