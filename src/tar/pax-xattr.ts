import type { TarXattr } from './tar-entry.ts';
import type { TarLimits } from './tar-limits.ts';
import { hostileTar, invalidTar, type TarPlace } from './tar-place.ts';

const schilyPrefix = 'SCHILY.xattr.';
const libarchivePrefix = 'LIBARCHIVE.xattr.';

/** XATTR_NAME_MAX of Linux. */
const maxXattrNameBytes = 255;

export function isXattrKeyword(keyword: string): boolean {
  return keyword.startsWith(schilyPrefix) || keyword.startsWith(libarchivePrefix);
}

/**
 * Puts the attribute of a record into `xattrs`. `SCHILY.xattr.NAME` has the value as it is, and `=` and `%` in NAME as
 * `%3D` and `%25` (GNU tar 1.34 writes and reads it so); `LIBARCHIVE.xattr.NAME` has the value in base64 and NAME
 * url-encoded (archive_write_set_format_pax.c). bsdtar writes both; when they differ the archive is
 * `layer_invalid`, since readers would differ too.
 */
export function addPaxXattr(
  keyword: string,
  value: Buffer,
  xattrs: Map<string, Buffer>,
  { place }: { readonly place: TarPlace },
): void {
  const isSchily = keyword.startsWith(schilyPrefix);
  const name = isSchily
    ? keyword.slice(schilyPrefix.length).replace(/%3D|%25/g, unescapeByte)
    : keyword.slice(libarchivePrefix.length).replace(/%[0-9A-Fa-f]{2}/g, unescapeByte);
  if (name === '' || name.length > maxXattrNameBytes) {
    throw invalidTar(place, `an extended attribute has a name of ${name.length} bytes`);
  }
  if (name.includes('\0')) throw hostileTar(place, 'the name of an extended attribute has a NUL');
  const bytes = isSchily ? Buffer.from(value) : fromBase64(value, name, place);
  const other = xattrs.get(name);
  if (other !== undefined && !other.equals(bytes)) {
    throw invalidTar(place, `the extended attribute ${JSON.stringify(name)} has two values`);
  }
  xattrs.set(name, bytes);
}

/** The attributes in order of their names. Throws `layer_hostile` beyond the limit. */
export function sortedXattrs(
  xattrs: ReadonlyMap<string, Buffer>,
  { limits, place }: { readonly limits: TarLimits; readonly place: TarPlace },
): readonly TarXattr[] {
  let totalBytes = 0;
  for (const [name, value] of xattrs) totalBytes += name.length + value.length;
  if (totalBytes > limits.maxXattrBytes) {
    const limit = `the limit of ${limits.maxXattrBytes} bytes`;
    throw hostileTar(place, `its extended attributes have ${totalBytes} bytes, more than ${limit}`);
  }
  const list = [...xattrs].map(([name, value]) => ({ name, value }));
  return list.sort((left, right) => (left.name < right.name ? -1 : 1));
}

function unescapeByte(escape: string): string {
  return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
}

function fromBase64(value: Buffer, name: string, place: TarPlace): Buffer {
  const text = value.toString('latin1');
  if (/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return Buffer.from(text, 'base64');
  throw invalidTar(place, `the extended attribute ${JSON.stringify(name)} is not base64`);
}
