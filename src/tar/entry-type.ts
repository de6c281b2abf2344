import type { BytePath } from '../bytes/byte-path.ts';
import { typeflagOffset } from './header-block.ts';
import type { TarEntryType } from './tar-entry.ts';
import { invalidTar, type TarPlace } from './tar-place.ts';

/** Headers that are no entry, but say something about the next one or about the archive. */
export type PrefaceKind = 'pax' | 'global-pax' | 'long-name' | 'long-link' | 'volume-label';

const prefaceKinds: ReadonlyMap<number, PrefaceKind> = new Map([
  [code('x'), 'pax'],
  // Solaris wrote PAX headers under this letter before POSIX had one.
  [code('X'), 'pax'],
  [code('g'), 'global-pax'],
  [code('L'), 'long-name'],
  [code('K'), 'long-link'],
  [code('V'), 'volume-label'],
]);

const entryTypes: ReadonlyMap<number, TarEntryType> = new Map([
  [0, 'file'],
  [code('0'), 'file'],
  [code('7'), 'file'],
  [code('S'), 'file'],
  [code('1'), 'hardlink'],
  [code('2'), 'symlink'],
  [code('3'), 'char'],
  [code('4'), 'block'],
  [code('5'), 'directory'],
  [code('6'), 'fifo'],
]);

/** What letters mean that would need more than a file's content, for the message that refuses them. */
const refusedTypes: ReadonlyMap<string, string> = new Map([
  ['A', 'a Solaris access control list'],
  ['D', 'a directory of an incremental GNU archive'],
  ['E', 'a Solaris extended attribute file'],
  ['I', 'inode metadata of star'],
  ['M', 'the continuation of a multi-volume archive'],
  ['N', 'a table of long names of an old GNU tar'],
]);

export function prefaceKindOf(block: Buffer): PrefaceKind | undefined {
  return prefaceKinds.get(block[typeflagOffset] ?? 0);
}

export function isSparseFlag(block: Buffer): boolean {
  return block[typeflagOffset] === code('S');
}

/**
 * The type that the typeflag of POSIX.1-2017, pax, "ustar Interchange Format" stands for. A file whose name ends in a
 * slash is a directory (archives from before the standard; GNU tar). POSIX has readers take unknown types for
 * files; here they throw `layer_invalid`, since a layer must not silently become something else.
 */
export function entryTypeOf(block: Buffer, rawPath: BytePath, place: TarPlace): TarEntryType {
  const flag = block[typeflagOffset] ?? 0;
  const type = entryTypes.get(flag);
  if (type === undefined) {
    const letter = String.fromCharCode(flag);
    const meaning = refusedTypes.get(letter);
    const known = meaning === undefined ? 'of an unknown type' : `${meaning}, not supported`;
    throw invalidTar(place, `it is ${known} (typeflag ${JSON.stringify(letter)})`);
  }
  const isOldDirectory = type === 'file' && rawPath.endsWith('/') && !isSparseFlag(block);
  return isOldDirectory ? 'directory' : type;
}

function code(letter: string): number {
  return letter.charCodeAt(0);
}
