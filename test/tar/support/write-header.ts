import { type BytePath, isAscii, toDisplay } from '../../../src/bytes/byte-path.ts';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import {
  magicOffset,
  numberFields,
  posixMagic,
  textFields,
  typeflagOffset,
} from '../../../src/tar/header-block.ts';
import type { NumberField } from '../../../src/tar/header-number.ts';
import {
  blockBytes,
  paddingOf,
  type TarEntry,
  type TarEntryType,
} from '../../../src/tar/tar-entry.ts';
import { encodePaxRecords, fitsOctal, paxRecordsOf } from './write-pax.ts';

/** The header blocks of an entry: its extended header, where it needs one, and its own. */
export function encodeEntryHeader(entry: TarEntry): Buffer {
  checkNames(entry);
  const name = nameOf(entry);
  const split = splitName(name);
  const records = paxRecordsOf(entry, split === undefined ? name : undefined);
  const header = encodeBlock({
    ...(split ?? { prefix: '', name: inAscii(name).slice(0, textFields.name.length) }),
    linkName: inAscii(entry.linkTarget).slice(0, textFields.linkName.length),
    typeflag: typeflags[entry.type],
    numbers: entry,
  });
  if (records.length === 0) return header;
  const pax = encodePaxRecords(records);
  const paxHeader = encodeBlock({
    prefix: '',
    name: 'PaxHeaders/entry',
    linkName: '',
    typeflag: 'x',
    numbers: { ...noNumbers, mode: 0o644, sizeBytes: pax.length },
  });
  return Buffer.concat([paxHeader, pax, Buffer.alloc(paddingOf(pax.length)), header]);
}

const typeflags: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

type HeaderNumbers = Pick<
  TarEntry,
  'mode' | 'uid' | 'gid' | 'sizeBytes' | 'mtimeSec' | 'deviceMajor' | 'deviceMinor'
>;

const noNumbers: HeaderNumbers = {
  mode: 0,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtimeSec: 0,
  deviceMajor: 0,
  deviceMinor: 0,
};

interface BlockFields {
  readonly prefix: string;
  readonly name: string;
  readonly linkName: string;
  readonly typeflag: string;
  readonly numbers: HeaderNumbers;
}

function encodeBlock({ prefix, name, linkName, typeflag, numbers }: BlockFields): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(name, textFields.name.start, 'latin1');
  putOctal(block, numberFields.mode, numbers.mode);
  putOctal(block, numberFields.uid, numbers.uid);
  putOctal(block, numberFields.gid, numbers.gid);
  putOctal(block, numberFields.size, numbers.sizeBytes);
  putOctal(block, numberFields.mtime, numbers.mtimeSec);
  block.write(typeflag, typeflagOffset, 'latin1');
  block.write(linkName, textFields.linkName.start, 'latin1');
  block.write(`${posixMagic}00`, magicOffset, 'latin1');
  putOctal(block, numberFields.deviceMajor, numbers.deviceMajor);
  putOctal(block, numberFields.deviceMinor, numbers.deviceMinor);
  block.write(prefix, textFields.prefix.start, 'latin1');
  const { start, length } = numberFields.checksum;
  block.fill(' ', start, start + length);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, start, 'latin1');
  return block;
}

/** Writes 0 for a number that does not fit: the extended header has it then. */
function putOctal(block: Buffer, field: NumberField, value: number): void {
  const fitting = fitsOctal(field, value) ? value : 0;
  block.write(fitting.toString(8).padStart(field.length - 1, '0'), field.start, 'latin1');
}

function nameOf(entry: TarEntry): BytePath {
  if (entry.type !== 'directory') return entry.path;
  return entry.path === '' ? './' : `${entry.path}/`;
}

/** The name cut into ustar's two fields, or undefined when it does not fit or is not ASCII. */
function splitName(name: BytePath): { prefix: string; name: string } | undefined {
  if (!isAscii(name)) return undefined;
  if (name.length <= textFields.name.length) return { prefix: '', name };
  const slash = name.indexOf('/', name.length - textFields.name.length - 1);
  const isUsable = slash > 0 && slash <= textFields.prefix.length && slash < name.length - 1;
  return isUsable ? { prefix: name.slice(0, slash), name: name.slice(slash + 1) } : undefined;
}

function inAscii(bytes: BytePath): string {
  return bytes.replace(/[\x80-\xff]/g, '_');
}

function checkNames({ path, type, linkTarget, xattrs }: TarEntry): void {
  const names = [path, linkTarget, ...xattrs.map((xattr) => xattr.name)];
  const isLink = type === 'symlink' || type === 'hardlink';
  const isNameless = (path === '' && type !== 'directory') || (isLink && linkTarget === '');
  if (isNameless || names.some((name) => name.includes('\0'))) {
    throw new AshlarError(
      'internal',
      `cannot archive ${toDisplay(path)}: a name is empty or has a NUL`,
    );
  }
}
