import { fromUtf8 } from '../../../../src/bytes/byte-path.ts';
import type { TarEntry } from '../../../../src/tar/tar-entry.ts';
import { collect } from '../../../oci/support/byte-streams.ts';
import { type TarRecord, writeTar } from '../../../tar/support/tar-writer.ts';

/** What an entry of a layer is given where the default will not do. */
export type EntryFields = Partial<TarEntry>;

const plain: TarEntry = {
  path: '',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtimeSec: 1_500_000_000,
  mtimeNsec: 0,
  sizeBytes: 0,
  linkTarget: '',
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: [],
};

/** A file; its content is its path where none is given. */
export function file(
  path: string,
  content: string | Buffer = path,
  fields: EntryFields = {},
): TarRecord {
  const body = Buffer.from(content);
  const entry = { ...plain, path: fromUtf8(path), sizeBytes: body.length, ...fields };
  return body.length === 0 ? { entry } : { entry, body };
}

export function directory(path: string, fields: EntryFields = {}): TarRecord {
  return { entry: { ...plain, path: fromUtf8(path), type: 'directory', mode: 0o750, ...fields } };
}

export function symlink(path: string, linkTarget: string, fields: EntryFields = {}): TarRecord {
  const entry = { ...plain, path: fromUtf8(path), type: 'symlink' as const, mode: 0o777 };
  return { entry: { ...entry, linkTarget: fromUtf8(linkTarget), ...fields } };
}

export function hardLink(path: string, linkTarget: string, fields: EntryFields = {}): TarRecord {
  const entry = { ...plain, path: fromUtf8(path), type: 'hardlink' as const };
  return { entry: { ...entry, linkTarget: fromUtf8(linkTarget), ...fields } };
}

export function device(path: string, deviceMajor: number, deviceMinor: number): TarRecord {
  return { entry: { ...plain, path: fromUtf8(path), type: 'char', deviceMajor, deviceMinor } };
}

export function pipe(path: string): TarRecord {
  return { entry: { ...plain, path: fromUtf8(path), type: 'fifo' } };
}

/** `.wh.NAME` beside where the name was. */
export function whiteout(path: string): TarRecord {
  const slash = path.lastIndexOf('/') + 1;
  return file(`${path.slice(0, slash)}.wh.${path.slice(slash)}`, '');
}

export function opaque(directoryPath: string): TarRecord {
  return file(directoryPath === '' ? '.wh..wh..opq' : `${directoryPath}/.wh..wh..opq`, '');
}

export function tarOf(records: Iterable<TarRecord> | AsyncIterable<TarRecord>): Promise<Buffer> {
  return collect(writeTar(records));
}
