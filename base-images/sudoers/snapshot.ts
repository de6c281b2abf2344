import type { BytePath } from '../../src/index.ts';
import type { ImageFile, ImageFiles } from '../files/image-files.ts';

/** What stat(2) says of a path, or why it says nothing. */
export type Looked = LookedAt | { readonly error: LookError };

export interface LookedAt {
  readonly error: null;
  readonly type: ImageFile['type'];
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Where it lies, absolute and without links: two paths that have this in common lead to one file. */
  readonly realPath: BytePath;
}

/** The C library's words for errors. */
export type LookError =
  | 'No such file or directory'
  | 'Not a directory'
  | 'Too many levels of symbolic links'
  | 'File name too long';

/** The files of an image, at once: for parsers that read as they go. Paths are absolute. */
export interface Snapshot {
  look(path: BytePath): Looked;
  /** The bytes of a regular file, one character a byte; null where it is none, or larger than the cap. */
  read(path: BytePath): string | null;
  /** The names in a directory, sorted by their bytes; null where it is none. */
  names(path: BytePath): readonly BytePath[] | null;
}

/** No sudoers file that people write comes near it. */
const maxFileBytes = 12 * 1024 * 1024;

/** Runs work over the files of an image, and reads of them what the work asks for. */
export interface Snapshots {
  readonly snapshot: Snapshot;
  /**
   * What `work` asks for and is not at hand yet is read, and `work` begins anew: it must come to the same result from the same files, and is
   * done in as many rounds as it follows names of names. Until a file was looked at it counts as missing, so that one round asks for all of
   * the commands that thousands of rules name; what comes of such a round is thrown away.
   */
  run<Result>(work: () => Result): Promise<Result>;
  /** Reads a file, or a directory and every file in it, ahead of the question. */
  readAhead(path: BytePath): Promise<void>;
}

export function createSnapshots(files: ImageFiles): Snapshots {
  const known: KnownFiles = { looked: new Map(), texts: new Map(), names: new Map() };
  const misses = new Map<string, Miss>();
  const ask = <Value>(
    cache: ReadonlyMap<BytePath, Value>,
    kind: Miss['kind'],
    path: BytePath,
  ): Value => {
    const value = cache.get(path);
    if (value !== undefined) return value;
    misses.set(`${kind} ${path}`, { kind, path });
    throw new SnapshotMiss();
  };
  const look = (path: BytePath): Looked => {
    const value = known.looked.get(path);
    if (value === undefined) misses.set(`look ${path}`, { kind: 'look', path });
    return value ?? { error: 'No such file or directory' };
  };
  return {
    snapshot: {
      look,
      read: (path) => ask(known.texts, 'read', path),
      names: (path) => ask(known.names, 'names', path),
    },
    run: async (work) => {
      for (;;) {
        try {
          const result = work();
          if (misses.size === 0) return result;
        } catch (error) {
          if (misses.size === 0) throw error;
        }
        for (const miss of misses.values()) await fetchInto(known, files, miss);
        misses.clear();
      }
    },
    readAhead: (path) => readAhead(files, known, path),
  };
}

/** What has been read of the image, kept between rounds and questions. */
interface KnownFiles {
  readonly looked: Map<BytePath, Looked>;
  readonly texts: Map<BytePath, string | null>;
  readonly names: Map<BytePath, readonly BytePath[] | null>;
}

async function readAhead(files: ImageFiles, known: KnownFiles, path: BytePath): Promise<void> {
  await fetchInto(known, files, { kind: 'look', path });
  const looked = known.looked.get(path);
  if (looked === undefined || looked.error !== null) return;
  if (looked.type === 'file') await fetchInto(known, files, { kind: 'read', path });
  if (looked.type !== 'directory') return;
  await fetchInto(known, files, { kind: 'names', path });
  for (const name of known.names.get(path) ?? []) {
    if (name.includes('.') || name.endsWith('~')) continue;
    const child = `${path}/${name}`;
    await fetchInto(known, files, { kind: 'look', path: child });
    const found = known.looked.get(child);
    if (found?.error === null && found.type === 'file')
      await fetchInto(known, files, { kind: 'read', path: child });
  }
}

interface Miss {
  readonly kind: 'look' | 'read' | 'names';
  readonly path: BytePath;
}

class SnapshotMiss extends Error {}

async function fetchInto(known: KnownFiles, files: ImageFiles, miss: Miss): Promise<void> {
  const { kind, path } = miss;
  switch (kind) {
    case 'look':
      if (!known.looked.has(path)) known.looked.set(path, await look(files, path));
      return;
    case 'read':
      if (!known.texts.has(path)) known.texts.set(path, await read(files, path));
      return;
    case 'names': {
      if (known.names.has(path)) return;
      const found = await look(files, path);
      const directory = found.error === null && found.type === 'directory';
      known.names.set(path, directory ? await files.names(relative(path)) : null);
    }
  }
}

async function read(files: ImageFiles, path: BytePath): Promise<string | null> {
  const found = await files.follow(relative(path));
  if (found?.type !== 'file' || found.sizeBytes > maxFileBytes) return null;
  return (await files.read(relative(path), { maxBytes: maxFileBytes }))?.toString('latin1') ?? null;
}

async function look(files: ImageFiles, path: BytePath): Promise<Looked> {
  if (path.length >= 4096 || path.split('/').some((name) => name.length > 255))
    return { error: 'File name too long' };
  const nul = path.includes('\0');
  const found = nul ? null : await files.follow(relative(path));
  if (found === null)
    return { error: nul ? 'No such file or directory' : await whyNot(files, path) };
  if (path.endsWith('/') && found.type !== 'directory') return { error: 'Not a directory' };
  const { type, mode, uid, gid, sizeBytes } = found;
  return { error: null, type, mode, uid, gid, sizeBytes, realPath: `/${found.path}` };
}

/** Which of the names on the way is missing, no directory, or leads in a circle. */
async function whyNot(files: ImageFiles, path: BytePath): Promise<LookError> {
  let pending = path.split('/').filter((name) => name !== '' && name !== '.');
  let place: string[] = [];
  for (let links = 0; pending.length > 0;) {
    const [name = '', ...rest] = pending;
    pending = rest;
    if (name === '..') {
      place = place.slice(0, -1);
      continue;
    }
    const found = await files.at([...place, name].join('/'));
    if (found === null) return 'No such file or directory';
    if (found.type === 'symlink') {
      links += 1;
      if (links > 40) return 'Too many levels of symbolic links';
      const target = found.target ?? '';
      if (target.startsWith('/')) place = [];
      pending = [...target.split('/').filter((part) => part !== '' && part !== '.'), ...rest];
      continue;
    }
    if (found.type !== 'directory' && rest.length > 0) return 'Not a directory';
    place.push(name);
  }
  return 'No such file or directory';
}

function relative(path: BytePath): BytePath {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .join('/');
}
