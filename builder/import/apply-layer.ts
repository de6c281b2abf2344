import {
  AshlarError,
  type BytePath,
  type ContentIntake,
  type DirectoryInode,
  type FileTree,
  type Inode,
  joinPath,
  nameOf,
  parentOf,
  type TarEntry,
  type TarReader,
  toDisplay,
} from '../../src/index.ts';
import { createAddedPaths } from './added-paths.ts';
import { type LayerDialect, readLayerChange } from './layer-dialect.ts';

export interface ApplyLayerOptions {
  readonly tree: FileTree;
  readonly reader: TarReader;
  readonly dialect: LayerDialect;
  readonly intake: ContentIntake;
  /** Names the layer in errors. */
  readonly label: string;
  /** Bytes of content that the layer may have: a layer that unpacks to more than any disk is a bomb. */
  readonly maxContentBytes: number;
  /** Times after this second are set to it, so that a build can be repeated (SOURCE_DATE_EPOCH). */
  readonly latestSec?: number;
}

/** Files of less than this are read whole. */
const smallFileBytes = 65_536;

/** Device nodes in a layer; a root file system has a few dozen. */
const maxDevices = 10_000;

const missingDirectory: DirectoryInode = {
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: { sec: 0, nsec: 0 },
  xattrs: [],
};

/**
 * Applies a layer to the tree of those below it. Paths lead through symbolic links of the tree as they would in a
 * root directory, never out of it. Directories that an archive does not mention are made with mode 0755. Contents go
 * to `intake`. Throws `layer_invalid` or `layer_hostile` with the layer and the path; the tree is then of no use.
 */
export async function applyLayer(options: ApplyLayerOptions): Promise<void> {
  const { tree, reader, dialect, label } = options;
  const added = createAddedPaths(tree);
  let contentBytes = 0;
  let devices = 0;
  for (let entry = await reader.next(); entry !== null; entry = await reader.next()) {
    const change = readLayerChange(entry, dialect);
    if (change.kind === 'ignore') continue;
    if (change.kind === 'remove') {
      added.removeFromBelow(resolvePath(tree, change.path));
      continue;
    }
    if (change.kind === 'make-opaque') {
      added.removeChildrenFromBelow(tree.resolve(change.path, 'follow-last'));
      continue;
    }
    contentBytes += change.entry.sizeBytes;
    if (change.entry.type === 'char' || change.entry.type === 'block') devices += 1;
    checkBounds(options, { contentBytes, devices, entry });
    const path = makeParents(tree, change.entry.path, label);
    if (change.kind === 'put-opaque') added.removeChildrenFromBelow(path);
    tree.put(path, await inodeOf(change.entry, options));
    added.add(path);
  }
}

async function inodeOf(entry: TarEntry, options: ApplyLayerOptions): Promise<Inode> {
  const base = {
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: mtimeOf(entry, options.latestSec),
    xattrs: entry.xattrs,
  };
  switch (entry.type) {
    case 'directory':
      return { type: 'directory', ...base };
    case 'symlink':
      return { type: 'symlink', target: entry.linkTarget, ...base };
    case 'char':
    case 'block':
      return { type: entry.type, major: entry.deviceMajor, minor: entry.deviceMinor, ...base };
    case 'fifo':
      return { type: 'fifo', ...base };
    case 'hardlink':
      return linkedInode(entry, options);
    case 'file': {
      const { intake, reader } = options;
      const { sizeBytes } = entry;
      const content =
        sizeBytes < smallFileBytes
          ? intake.addSmall(await reader.readBody(smallFileBytes))
          : await intake.addFile(sizeBytes, reader.body());
      return { type: 'file', sizeBytes, content, ...base };
    }
  }
}

function linkedInode(entry: TarEntry, { tree, label }: ApplyLayerOptions): Inode {
  const target = tree.lookup(resolvePath(tree, entry.linkTarget))?.inode;
  if (target === undefined || target.type === 'directory') {
    const what = target === undefined ? 'is not there' : 'is a directory';
    throw invalid(
      label,
      entry.path,
      `is a hard link to /${toDisplay(entry.linkTarget)}, which ${what}`,
    );
  }
  return target;
}

function resolvePath(tree: FileTree, path: BytePath): BytePath {
  const parent = parentOf(path);
  return path === ''
    ? ''
    : joinPath(parent === '' ? '' : tree.resolve(parent, 'follow-last'), nameOf(path));
}

/** The path with its parents resolved and in place. */
function makeParents(tree: FileTree, path: BytePath, label: string): BytePath {
  if (path === '') return '';
  const resolved = resolvePath(tree, path);
  const parent = parentOf(resolved);
  const existing = tree.lookup(parent)?.inode;
  if (existing?.type === 'directory') return resolved;
  let made = '';
  for (const name of parent.split('/')) {
    made = joinPath(made, name);
    const inode = tree.lookup(made)?.inode;
    if (inode === undefined) tree.put(made, missingDirectory);
    else if (inode.type !== 'directory')
      throw invalid(label, path, `lies below /${toDisplay(made)}, which is no directory`);
  }
  return resolved;
}

function mtimeOf(entry: TarEntry, latestSec: number | undefined): Inode['mtime'] {
  if (latestSec !== undefined && entry.mtimeSec >= latestSec) return { sec: latestSec, nsec: 0 };
  return { sec: entry.mtimeSec, nsec: entry.mtimeNsec };
}

function checkBounds(
  { label, maxContentBytes }: ApplyLayerOptions,
  state: { contentBytes: number; devices: number; entry: TarEntry },
): void {
  const path = toDisplay(state.entry.path);
  if (state.devices > maxDevices) {
    throw new AshlarError(
      'layer_hostile',
      `${label} has over ${maxDevices} device nodes, the last /${path}`,
      {
        data: { layer: label, path },
      },
    );
  }
  if (state.contentBytes > maxContentBytes) {
    throw new AshlarError(
      'layer_hostile',
      `${label} unpacks to over ${maxContentBytes} bytes, up to /${path}`,
      {
        data: { layer: label, path, maxContentBytes },
      },
    );
  }
}

function invalid(label: string, path: BytePath, what: string): AshlarError {
  return new AshlarError('layer_invalid', `${label}: /${toDisplay(path)} ${what}`, {
    data: { layer: label, path: toDisplay(path) },
  });
}
