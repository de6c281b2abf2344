import type { BytePath } from '../bytes/byte-path.ts';
import { headerNumber, type NumberField } from './header-number.ts';
import { blockBytes } from './tar-entry.ts';
import { invalidTar, type TarPlace } from './tar-place.ts';

/**
 * The 512 bytes of a header: POSIX.1-2017, pax, "ustar Interchange Format"; for GNU's own format the GNU
 * tar manual, "Basic Tar Format" (struct oldgnu_header).
 */
export const numberFields = {
  mode: { name: 'mode', start: 100, length: 8 },
  uid: { name: 'owner number', start: 108, length: 8 },
  gid: { name: 'group number', start: 116, length: 8 },
  size: { name: 'size', start: 124, length: 12 },
  mtime: { name: 'modification time', start: 136, length: 12 },
  checksum: { name: 'checksum', start: 148, length: 8 },
  deviceMajor: { name: 'device major number', start: 329, length: 8 },
  deviceMinor: { name: 'device minor number', start: 337, length: 8 },
  gnuRealSize: { name: 'real size', start: 483, length: 12 },
} as const satisfies Record<string, NumberField>;

export const textFields = {
  name: { start: 0, length: 100 },
  linkName: { start: 157, length: 100 },
  prefix: { start: 345, length: 155 },
} as const;

export const typeflagOffset = 156;
export const magicOffset = 257;
export const posixMagic = 'ustar\0';
const gnuMagic = 'ustar  \0';

/** The last bytes of a header by star, whose prefix ends where its access time starts. */
const starTrailer = { start: 508, text: 'tar\0', prefixLength: 131 };

/** `v7` is whatever has no magic that is known: it has neither a prefix nor device numbers. */
export type HeaderFormat = 'posix' | 'gnu' | 'v7';

export function headerFormat(block: Buffer): HeaderFormat {
  if (hasText(block, magicOffset, posixMagic)) return 'posix';
  return hasText(block, magicOffset, gnuMagic) ? 'gnu' : 'v7';
}

export function isZeroBlock(block: Buffer): boolean {
  for (let at = 0; at < blockBytes; at++) if (block[at] !== 0) return false;
  return true;
}

/**
 * Throws `layer_invalid` when the sum of the header's bytes, its checksum field taken as spaces, is not what the
 * field says. Sums of signed bytes, as old writers made them, are accepted too.
 */
export function verifyChecksum(block: Buffer, place: TarPlace): void {
  const { start, length } = numberFields.checksum;
  const stated = headerNumber(block, numberFields.checksum, place);
  let sum = length * 0x20;
  for (let at = 0; at < start; at++) sum += block[at] ?? 0;
  for (let at = start + length; at < blockBytes; at++) sum += block[at] ?? 0;
  if (sum === stated || sum - 256 * highBytes(block) === stated) return;
  throw invalidTar(place, `not a tar header: its checksum is ${sum}, and it says ${stated}`);
}

/** The name as the header alone has it, the prefix of a POSIX header put before it. */
export function headerName(block: Buffer, format: HeaderFormat): BytePath {
  const name = headerText(block, textFields.name);
  if (format !== 'posix' || block[textFields.prefix.start] === 0) return name;
  const isStar = hasText(block, starTrailer.start, starTrailer.text);
  const length = isStar ? starTrailer.prefixLength : textFields.prefix.length;
  return `${headerText(block, { start: textFields.prefix.start, length })}/${name}`;
}

export function headerLinkName(block: Buffer): BytePath {
  return headerText(block, textFields.linkName);
}

/** A text field up to its first NUL, or whole when it has none. */
function headerText(block: Buffer, field: { start: number; length: number }): BytePath {
  const limit = field.start + field.length;
  let end = field.start;
  while (end < limit && block[end] !== 0) end++;
  return block.toString('latin1', field.start, end);
}

function hasText(block: Buffer, start: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (block[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** Bytes of 128 and more outside of the checksum field: as signed numbers they are 256 less. */
function highBytes(block: Buffer): number {
  const { start, length } = numberFields.checksum;
  let count = 0;
  for (let at = 0; at < blockBytes; at++) {
    if ((at < start || at >= start + length) && (block[at] ?? 0) >= 0x80) count++;
  }
  return count;
}
