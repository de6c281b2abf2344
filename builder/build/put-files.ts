import {
  AshlarError,
  type BytePath,
  type ContentIntake,
  type ContentSegment,
  createDigestHasher,
  type Digest,
  type DigestHasher,
  type DirectoryInode,
  type EditableTree,
  followInEditable,
  type Inode,
  joinPath,
  nameOf,
  parentOf,
  toDisplay,
} from '../../src/index.ts';
import type { SelectedEntry, Selection, TreeSelection } from '../context/select-sources.ts';
import type { SourceTree } from '../context/source-tree.ts';
import { changeMode, type ModeChange } from '../dockerfile/mode-change.ts';
import { maxPathBytes } from '../dockerfile/path-limits.ts';
import { treePath } from './image-source-tree.ts';

export interface PutFilesRequest {
  readonly selection: Selection;
  /** The destination as the instruction has it. A symbolic link of this name is followed; one in a directory is replaced. */
  readonly destination: BytePath;
  /** The tree that is changed. */
  readonly tree: EditableTree;
  readonly source: SourceTree;
  /** The inode of a source that is a stored image; null where bytes have to be read. */
  readonly sourceInode: (path: BytePath) => Inode | null;
  readonly intake: ContentIntake;
  /** The digest that a file had when the step's key was made; undefined where none is known. */
  readonly expectedDigest: (sourcePath: BytePath) => Digest | undefined;
  readonly owner: Owner | undefined;
  readonly chmod: ModeChange | undefined;
  /** Time of directories and files that have none of their own; also the latest time of any. */
  readonly time: { readonly nowSec: number; readonly latestSec: number | null };
  /** Unpacks an archive into a directory of the tree; false when it is none. */
  readonly unpack: (entry: TreeSelection) => Promise<boolean>;
  readonly signal: AbortSignal;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Puts what a COPY or ADD selected into a tree. The directory that is copied to and those on the way are made with mode
 * 0755 where they are missing, whatever the source has, as Docker does; symbolic links on the way are followed within
 * the tree. Files of an image keep their content without being read, and names of one file stay that.
 */
export async function putFiles(request: PutFilesRequest): Promise<void> {
  const { selection } = request;
  const files = new Map<object, Inode>();
  await makeDirectory(request, treePath(selection.directory));
  for (const entry of selection.entries) {
    request.signal.throwIfAborted();
    if (entry.origin === 'tree' && entry.unpackInto !== undefined && (await request.unpack(entry)))
      continue;
    await putEntry(request, entry, files);
  }
}

/** Makes a directory with its parents, where they are missing; returns its path with links followed. */
export async function makeDirectory(
  request: Pick<PutFilesRequest, 'tree' | 'owner' | 'time'>,
  path: BytePath,
): Promise<BytePath> {
  const { tree } = request;
  const resolved = await resolveIn(tree, path);
  if ((await tree.lookup(resolved))?.type === 'directory') return resolved;
  checkLength(resolved);
  let made = '';
  for (const name of resolved.split('/')) {
    made = joinPath(made, name);
    const inode = await tree.lookup(made);
    if (inode === undefined) await tree.put(made, newDirectory(request));
    else if (inode.type !== 'directory') {
      throw new AshlarError(
        'copy_destination_invalid',
        `/${toDisplay(made)} is no directory in the image, so /${toDisplay(path)} cannot be one`,
        {
          data: { path: toDisplay(path) },
        },
      );
    }
  }
  return resolved;
}

/** Links that lead nowhere are a fault of where to copy, not of an archive. */
async function resolveIn(tree: EditableTree, path: BytePath): Promise<BytePath> {
  const way = await followInEditable(tree, path);
  if (!way.isDeadEnd) return way.names.join('/');
  const shown = toDisplay(path);
  throw new AshlarError('copy_destination_invalid', `/${shown} of the image ${way.problem}`, {
    data: { path: shown },
  });
}

function checkLength(path: BytePath): void {
  if (path.length < maxPathBytes) return;
  const shown = toDisplay(path.slice(0, 200));
  throw new AshlarError(
    'copy_destination_invalid',
    `/${shown}... would have ${path.length + 1} bytes of path; a path can have ${maxPathBytes}`,
    {
      data: { path: shown },
      hint: 'Copy to a shorter path, or leave what is so deep out with .dockerignore.',
    },
  );
}

async function putEntry(
  request: PutFilesRequest,
  entry: SelectedEntry,
  files: Map<object, Inode>,
): Promise<void> {
  const { tree } = request;
  const wanted = treePath(entry.destinationPath);
  if (entry.kind === 'directory') {
    if (entry.origin === 'tree' && entry.existing === 'keep') {
      await makeDirectory(request, wanted);
      return;
    }
    const resolved = await resolveIn(tree, wanted);
    const parent = await makeDirectory(request, parentOf(resolved));
    const path = resolved === '' ? '' : joinPath(parent, nameOf(resolved));
    checkLength(path);
    await tree.put(path, await inodeOf(request, entry));
    return;
  }
  const isDestination = entry.destinationPath === request.destination;
  const followed = isDestination ? await resolveIn(tree, wanted) : wanted;
  const path = joinPath(await makeDirectory(request, parentOf(followed)), nameOf(followed));
  checkLength(path);
  if ((await tree.lookup(path))?.type === 'directory') {
    throw new AshlarError(
      'copy_destination_invalid',
      `/${toDisplay(path)} is a directory in the image and cannot be replaced by a file`,
      {
        data: { path: toDisplay(path) },
      },
    );
  }
  const file = entry.origin === 'tree' ? entry.file : undefined;
  const inode =
    (file === undefined ? undefined : files.get(file)) ?? (await inodeOf(request, entry));
  if (file !== undefined) files.set(file, inode);
  await tree.put(path, inode);
}

async function inodeOf(request: PutFilesRequest, entry: SelectedEntry): Promise<Inode> {
  if (entry.origin === 'inline') {
    const bytes = Buffer.from(entry.content, 'utf8');
    const mtime = { sec: request.time.latestSec ?? request.time.nowSec, nsec: 0 };
    const base = {
      ...metadataOf(request, { mode: entry.mode, uid: 0, gid: 0, isDirectory: false }),
      mtime,
      xattrs: [],
    };
    const content = await request.intake.addFile(bytes.length, segmentsOf([bytes]));
    return { type: 'file', sizeBytes: bytes.length, content, ...base };
  }
  const stored = request.sourceInode(entry.sourcePath);
  if (stored === null) return readInode(request, entry);
  const base = {
    ...metadataOf(request, { ...stored, isDirectory: stored.type === 'directory' }),
    mtime: clamp(stored.mtime, request.time.latestSec),
  };
  return stored.type === 'symlink'
    ? { ...stored, ...base, mode: stored.mode }
    : { ...stored, ...base };
}

async function readInode(
  request: PutFilesRequest,
  { entry, sourcePath }: TreeSelection,
): Promise<Inode> {
  const { kind, sizeBytes, target = '', device, xattrs = [] } = entry;
  const base = {
    ...metadataOf(request, { ...entry, isDirectory: kind === 'directory' }),
    mtime: clamp(entry.mtime, request.time.latestSec),
    xattrs,
  };
  switch (kind) {
    case 'directory':
      return { type: 'directory', ...base };
    case 'symlink':
      return { type: 'symlink', target, ...base, mode: 0o777 };
    case 'char':
    case 'block':
      return { type: kind, major: device?.major ?? 0, minor: device?.minor ?? 0, ...base };
    case 'fifo':
    case 'socket':
      return { type: kind, ...base };
    case 'file': {
      const hasher = createDigestHasher();
      const bytes = request.source.readFile(sourcePath, request.signal);
      const content = await request.intake.addFile(sizeBytes, segmentsOf(bytes, hasher));
      const expected = request.expectedDigest(sourcePath);
      if (expected !== undefined && hasher.digest() !== expected) {
        throw changedFile(sourcePath);
      }
      return { type: 'file', sizeBytes, content, ...base };
    }
  }
}

function newDirectory({ owner, time }: Pick<PutFilesRequest, 'owner' | 'time'>): DirectoryInode {
  return {
    type: 'directory',
    mode: 0o755,
    uid: owner?.uid ?? 0,
    gid: owner?.gid ?? 0,
    mtime: { sec: time.latestSec ?? time.nowSec, nsec: 0 },
    xattrs: [],
  };
}

function metadataOf(
  { owner, chmod }: PutFilesRequest,
  source: { mode: number; uid: number; gid: number; isDirectory: boolean },
): { mode: number; uid: number; gid: number } {
  const mode =
    chmod === undefined
      ? source.mode
      : changeMode(chmod, { mode: source.mode, directory: source.isDirectory });
  return { mode, uid: owner?.uid ?? source.uid, gid: owner?.gid ?? source.gid };
}

function clamp(mtime: Inode['mtime'], latestSec: number | null): Inode['mtime'] {
  return latestSec !== null && mtime.sec >= latestSec ? { sec: latestSec, nsec: 0 } : mtime;
}

/** Bytes as they come, in pieces that begin at multiples of a chunk where the source allows. */
async function* segmentsOf(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  hasher?: DigestHasher,
): AsyncIterable<ContentSegment> {
  let offset = 0;
  for await (const part of source) {
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    hasher?.update(bytes);
    yield { offset, bytes };
    offset += bytes.length;
  }
}

/** The result would be kept under the key of what the file was before. */
function changedFile(path: BytePath): AshlarError {
  return new AshlarError(
    'invalid_request',
    `${toDisplay(path)} of the build context changed while the build read it`,
    { data: { path: toDisplay(path) }, hint: 'Build again when nobody writes to the context.' },
  );
}
