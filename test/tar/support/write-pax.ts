import { isUtf8 } from 'node:buffer';
import { type BytePath, isAscii, toBytes } from '../../../src/bytes/byte-path.ts';
import { numberFields, textFields } from '../../../src/tar/header-block.ts';
import type { NumberField } from '../../../src/tar/header-number.ts';
import type { TarEntry } from '../../../src/tar/tar-entry.ts';

export interface PaxRecord {
  readonly keyword: string;
  readonly value: Buffer;
}

/** What the header block of `entry` cannot say. `longName` is its name when that is part of it. */
export function paxRecordsOf(entry: TarEntry, longName: BytePath | undefined): PaxRecord[] {
  const records: PaxRecord[] = [];
  const add = (keyword: string, bytes: BytePath): void => {
    records.push({ keyword, value: toBytes(bytes) });
  };
  const { linkTarget } = entry;
  const isLongLink = linkTarget.length > textFields.linkName.length || !isAscii(linkTarget);
  const names = [longName ?? '', isLongLink ? linkTarget : ''];
  if (!names.every((name) => isUtf8(toBytes(name)))) add('hdrcharset', 'BINARY');
  if (longName !== undefined) add('path', longName);
  if (isLongLink) add('linkpath', linkTarget);
  if (!fitsOctal(numberFields.size, entry.sizeBytes)) add('size', `${entry.sizeBytes}`);
  if (!fitsOctal(numberFields.uid, entry.uid)) add('uid', `${entry.uid}`);
  if (!fitsOctal(numberFields.gid, entry.gid)) add('gid', `${entry.gid}`);
  if (entry.mtimeNsec !== 0 || !fitsOctal(numberFields.mtime, entry.mtimeSec)) {
    add('mtime', timeText(entry.mtimeSec, entry.mtimeNsec));
  }
  if (!fitsOctal(numberFields.deviceMajor, entry.deviceMajor)) {
    add('SCHILY.devmajor', `${entry.deviceMajor}`);
  }
  if (!fitsOctal(numberFields.deviceMinor, entry.deviceMinor)) {
    add('SCHILY.devminor', `${entry.deviceMinor}`);
  }
  for (const { name, value } of entry.xattrs) {
    const escapedName = name.replaceAll('%', '%25').replaceAll('=', '%3D');
    records.push({ keyword: `SCHILY.xattr.${escapedName}`, value });
  }
  return records;
}

export function encodePaxRecords(records: readonly PaxRecord[]): Buffer {
  return Buffer.concat(
    records.flatMap(({ keyword, value }) => {
      const rest = Buffer.concat([toBytes(` ${keyword}=`), value, newline]);
      return [Buffer.from(`${recordLength(rest.length)}`), rest];
    }),
  );
}

/** True when octal digits and a NUL behind them can say `value`. */
export function fitsOctal(field: NumberField, value: number): boolean {
  return value >= 0 && value < 8 ** (field.length - 1);
}

const newline = Buffer.from('\n');

/** The length of a record counts the digits of the length itself. */
function recordLength(restBytes: number): number {
  const guess = restBytes + `${restBytes}`.length;
  return restBytes + `${guess}`.length;
}

function timeText(sec: number, nsec: number): string {
  if (nsec === 0) return `${sec}`;
  const isNegative = sec < 0;
  const whole = isNegative ? -(sec + 1) : sec;
  const fraction = isNegative ? 1_000_000_000 - nsec : nsec;
  const digits = `${fraction}`.padStart(9, '0').replace(/0+$/, '');
  return `${isNegative ? '-' : ''}${whole}.${digits}`;
}
