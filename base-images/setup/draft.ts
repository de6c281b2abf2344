import { type BytePath, hasCode, isFileName, joinPath, nameOf, parentOf } from '../../src/index.ts';
import { changedFiles, type FileChange } from '../files/changed-files.ts';
import type { ImageFile, ImageFiles } from '../files/image-files.ts';
import { Obstacle, shownPath } from './obstacle.ts';
import type { Change, SetupStepId } from './setup-plan.ts';

/** What is done to a name, and what for. */
export interface Reason {
  readonly step: SetupStepId;
  readonly why: string;
}

export interface Owner {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export const rootsFile: Owner = { mode: 0o644, uid: 0, gid: 0 };
export const rootsDirectory: Owner = { mode: 0o755, uid: 0, gid: 0 };

/**
 * Changes that are put together. Each call leaves alone what is as wanted already, so that the changes of an image that is
 * set up are none. Directories of a path may be links, and are followed within the image; missing ones are made. Throws
 * `Obstacle` where something is in the way.
 */
export interface Draft {
  readonly changes: readonly Change[];
  /** Gives a function that takes back whatever is added from now on. */
  mark(): () => void;
  /** The files as they will be. */
  files(): Promise<ImageFiles>;
  /** The bytes of a file, links followed; null where there is none. */
  read(path: BytePath): Promise<Buffer | null>;
  /** Puts a file into this very place; a link that is there is replaced and not written through. */
  placeFile(path: BytePath, content: Buffer, owner: Owner, reason: Reason): Promise<void>;
  /** Changes the content of a file, or makes it; links are followed, mode and owner of what is there stay. */
  editFile(path: BytePath, content: Buffer, owner: Owner, reason: Reason): Promise<void>;
  /** A directory that is there stays as it is. */
  makeDirectory(path: BytePath, owner: Owner, reason: Reason): Promise<void>;
  placeLink(path: BytePath, target: BytePath, reason: Reason): Promise<void>;
  setMode(path: BytePath, owner: Owner, reason: Reason): Promise<void>;
  /** Removes a name that is no directory. */
  remove(path: BytePath, reason: Reason): Promise<void>;
  /** Gives a file another name, in place of what has that name. */
  move(from: BytePath, to: BytePath, reason: Reason): Promise<void>;
}

/** Files that a setup reads as a whole: a bundle of authorities has 300 KiB, an initctl as much. */
const maxReadBytes = 8 * 1024 * 1024;
/** What is replaced as a whole is kept in the image: Ashlar's own busybox of an earlier setup has 2 MiB. */
const maxReplacedBytes = 2.5 * 1024 * 1024;

export function createDraft(base: ImageFiles): Draft {
  const changes: Change[] = [];
  let view = base;
  let viewed = 0;

  const files = async (): Promise<ImageFiles> => {
    if (viewed !== changes.length) view = await changedFiles(base, changes);
    viewed = changes.length;
    return view;
  };
  const add = (change: FileChange & { movedFrom?: BytePath }, reason: Reason): void => {
    const index = changes.findIndex(({ path }) => path === change.path);
    const earlier = changes[index];
    viewed = -1;
    if (earlier === undefined) changes.push({ ...change, ...reason });
    else if (change.kind !== 'mode') changes.splice(index, 1, { ...change, ...reason });
    else if (earlier.kind !== 'remove') {
      const { mode, uid, gid } = change;
      changes.splice(index, 1, { ...earlier, mode, uid, gid });
    }
  };
  const read = async (path: BytePath): Promise<Buffer | null> => {
    try {
      return await (await files()).read(path, { maxBytes: maxReadBytes });
    } catch (error) {
      if (!hasCode(error, 'base_file_too_large')) throw error;
      throw new Obstacle(`${shownPath(path)} has more than ${maxReadBytes} bytes`, {
        of: 'file',
        path,
      });
    }
  };
  const makeDirectory = async (path: BytePath, owner: Owner, reason: Reason): Promise<BytePath> => {
    const now = await files();
    const there = await now.follow(path);
    if (there?.type === 'directory') return there.path;
    const named = await now.at(path);
    if (named !== null) throw inTheWay(path, there ?? named);
    const parent = await makeDirectory(parentOf(path), rootsDirectory, reason);
    const made = joinPath(parent, nameOf(path));
    add({ kind: 'directory', path: made, ...owner }, reason);
    return made;
  };
  /** The very place of a name, whose directory is made where it is missing. */
  const placeOf = async (given: BytePath, reason: Reason): Promise<BytePath> => {
    const path = plainPath(given);
    return joinPath(await makeDirectory(parentOf(path), rootsDirectory, reason), nameOf(path));
  };
  const inPlace = async (place: BytePath): Promise<ImageFile | null> => {
    const there = await (await files()).at(place);
    if (there !== null && there.type !== 'file' && there.type !== 'symlink')
      throw inTheWay(place, there);
    return there;
  };
  const replaceable = async (place: BytePath): Promise<ImageFile | null> => {
    const there = await inPlace(place);
    if (there !== null && there.sizeBytes > maxReplacedBytes)
      throw new Obstacle(
        `${shownPath(place)} of the image has ${there.sizeBytes} bytes, too many to be kept for a way back`,
        { of: 'file', path: place },
      );
    return there;
  };
  const putFile = async (there: ImageFile | null, file: NewFile, reason: Reason): Promise<void> => {
    const { path, content } = file;
    const isThere = there?.type === 'file' && there.sizeBytes === content.length;
    if (isThere && isOwned(there, file) && (await read(path))?.equals(content) === true) return;
    add({ kind: 'file', ...file }, reason);
  };
  const placeFile: Draft['placeFile'] = async (path, content, owner, reason) => {
    const place = await placeOf(path, reason);
    await putFile(await replaceable(place), { path: place, content, ...owner }, reason);
  };
  return {
    changes,
    files,
    mark() {
      const now = [...changes];
      return () => {
        changes.splice(0, changes.length, ...now);
        viewed = -1;
      };
    },
    read,
    placeFile,
    async editFile(path, content, owner, reason) {
      const there = await (await files()).follow(path);
      if (there === null) return placeFile(path, content, owner, reason);
      if (there.type !== 'file') throw inTheWay(path, there);
      const { path: place, mode, uid, gid } = there;
      return putFile(there, { path: place, content, mode, uid, gid }, reason);
    },
    async makeDirectory(path, owner, reason) {
      await makeDirectory(plainPath(path), owner, reason);
    },
    async placeLink(path, target, reason) {
      const place = await placeOf(path, reason);
      const there = await replaceable(place);
      if (there?.target === target) return;
      add({ kind: 'symlink', path: place, target, mode: 0o777, uid: 0, gid: 0 }, reason);
    },
    async setMode(path, owner, reason) {
      const there = await (await files()).follow(path);
      if (there === null || isOwned(there, owner)) return;
      add({ kind: 'mode', path: there.path, ...owner }, reason);
    },
    async remove(path, reason) {
      const there = await replaceable(path);
      if (there !== null) add({ kind: 'remove', path: there.path }, reason);
    },
    async move(from, to, reason) {
      const moved = await (await files()).at(from);
      const content = await read(from);
      if (moved?.type !== 'file' || content === null) return;
      const { mode, uid, gid } = moved;
      const place = await placeOf(to, reason);
      await replaceable(place);
      add({ kind: 'file', path: place, content, mode, uid, gid, movedFrom: moved.path }, reason);
      add({ kind: 'remove', path: moved.path }, reason);
    },
  };
}

/** Directories are made on the way to a path: homes of thousands of parts are nobody's. */
const maxDepth = 32;

/** Paths that come from files of the image, such as homes, may be anything. */
function plainPath(path: BytePath): BytePath {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  const isPlain = names.every((name) => name.length <= 255 && isFileName(name));
  const plain = names.join('/');
  if (isPlain && plain !== '' && plain.length < 4096 && names.length <= maxDepth) return plain;
  const shown = shownPath(path.slice(0, 100));
  throw new Obstacle(`${shown} is no path at which something could be put`, { of: 'file' });
}

interface NewFile extends Owner {
  readonly path: BytePath;
  readonly content: Buffer;
}

function isOwned(file: ImageFile, { mode, uid, gid }: Owner): boolean {
  return file.mode === mode && file.uid === uid && file.gid === gid;
}

function inTheWay(path: BytePath, { type }: ImageFile): Obstacle {
  const is = type === 'symlink' ? 'a link that leads to nothing' : words[type];
  return new Obstacle(`${shownPath(path)} of the image is ${is}`, { of: 'file', path });
}

const words = {
  file: 'a file',
  directory: 'a directory',
  char: 'a device',
  block: 'a device',
  fifo: 'a fifo',
  socket: 'a socket',
} as const;
