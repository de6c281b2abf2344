import {
  AshlarError,
  type BytePath,
  type ContentIntake,
  type FileTree,
  followInTree,
  type Inode,
  joinPath,
  maxSmallBytes,
  nameOf,
  parentOf,
  type TarEntry,
  type TarReader,
  toDisplay,
} from '../../src/index.ts';
import { type AddedPaths, createAddedPaths } from './added-paths.ts';
import { impliedDirectory } from './implied-directory.ts';
import {
  createLayerBudget,
  defaultMaxDevices,
  defaultMaxEntries,
  type LayerBudget,
} from './layer-budget.ts';
import { type LayerChange, type LayerDialect, readLayerChange } from './layer-dialect.ts';

export interface ApplyLayerOptions {
  readonly tree: FileTree;
  readonly reader: TarReader;
  readonly dialect: LayerDialect;
  readonly intake: ContentIntake;
  /** Names the layer in errors. */
  readonly label: string;
  /** Bytes of content that the layer may have: a layer that unpacks to more than any disk is a bomb. */
  readonly maxContentBytes: number;
  /** What this layer and others share; of its own `maxContentBytes` when left out. */
  readonly budget?: LayerBudget;
  /** Times after this second are set to it, so that a build can be repeated (SOURCE_DATE_EPOCH). */
  readonly latestSec?: number;
  /** The directory of the tree that paths are relative to; the root when left out. */
  readonly root?: BytePath;
}

/** PATH_MAX of Linux without its NUL: what lies deeper can be reached by no absolute path. */
const maxPathBytes = 4095;

interface Layer extends ApplyLayerOptions {
  readonly added: AddedPaths;
  /** Files that are no part of the tree, for hard links to point to. */
  readonly aside: Map<BytePath, Inode>;
}

/**
 * Applies a layer to the tree of those below it. Paths lead through symbolic links of the tree as they would in a
 * root directory, never out of it. Directories that an archive does not mention are made with mode 0755, and where a
 * path is there twice, the last entry counts. Contents go to `intake`. Throws `layer_invalid` or `layer_hostile` with the
 * layer and the path; the tree is then of no use.
 */
export async function applyLayer(options: ApplyLayerOptions): Promise<void> {
  const { tree, reader, dialect, label, maxContentBytes } = options;
  const layer: Layer = { ...options, added: createAddedPaths(tree), aside: new Map() };
  const ownLimits = { maxContentBytes, maxEntries: defaultMaxEntries };
  const budget =
    options.budget ?? createLayerBudget({ ...ownLimits, maxDevices: defaultMaxDevices });
  for (let entry = await reader.next(); entry !== null; entry = await reader.next()) {
    budget.spend(entry, label);
    await applyChange(layer, entry, readLayerChange(entry, dialect));
  }
}

async function applyChange(layer: Layer, entry: TarEntry, change: LayerChange): Promise<void> {
  const { tree, added, aside } = layer;
  switch (change.kind) {
    case 'ignore':
      return;
    case 'refuse':
      throw invalid(layer, entry, change.problem);
    case 'remove':
      added.removeFromBelow(placeOf(layer, change.path, entry));
      return;
    case 'make-opaque':
      added.removeChildrenFromBelow(followed(layer, belowRoot(layer, change.path), entry));
      return;
    case 'put-aside':
      aside.set(entry.path, await inodeOf(layer, entry, entry.path));
      return;
    case 'put':
    case 'put-opaque': {
      const place = placeOf(layer, entry.path, entry);
      makeParents(layer, place, entry);
      if (change.kind === 'put-opaque') added.removeChildrenFromBelow(place);
      tree.put(place, await inodeOf(layer, change.entry, place));
      added.add(place);
    }
  }
}

/** Every field is written out: objects that are spread together take a third more memory, and there is one a file. */
async function inodeOf(layer: Layer, entry: TarEntry, place: BytePath): Promise<Inode> {
  const { mode, uid, gid, xattrs, type } = entry;
  const mtime = mtimeOf(entry, layer.latestSec);
  switch (type) {
    case 'directory':
    case 'fifo':
      return { type, mode, uid, gid, mtime, xattrs };
    case 'symlink':
      // Linux knows no other mode for them, whatever the archive says.
      return { type, mode: 0o777, uid, gid, mtime, xattrs, target: entry.linkTarget };
    case 'char':
    case 'block': {
      const { deviceMajor: major, deviceMinor: minor } = entry;
      return { type, mode, uid, gid, mtime, xattrs, major, minor };
    }
    case 'hardlink':
      return linkedInode(layer, entry, place);
    case 'file': {
      const { intake, reader } = layer;
      const { sizeBytes } = entry;
      const content =
        sizeBytes <= maxSmallBytes
          ? intake.addSmall(await reader.readBody(maxSmallBytes))
          : await intake.addFile(sizeBytes, reader.body());
      return { type, mode, uid, gid, mtime, xattrs, sizeBytes, content };
    }
  }
}

/** As link(2): links in the parents of the target are followed, the target is not, and it keeps its metadata. */
function linkedInode(layer: Layer, entry: TarEntry, place: BytePath): Inode {
  const targetPlace = placeOf(layer, entry.linkTarget, entry);
  const target = layer.tree.lookup(targetPlace)?.inode ?? layer.aside.get(entry.linkTarget);
  const refuse = (reason: string): AshlarError =>
    invalid(layer, entry, `is a hard link to /${toDisplay(entry.linkTarget)}, which ${reason}`);
  if (target === undefined) throw refuse('is not there');
  if (target.type === 'directory') throw refuse('is a directory');
  if (targetPlace === place) throw refuse('is itself');
  return target;
}

/** Where a path of the layer lies in the tree: links in its parents are followed. */
function placeOf(layer: Layer, path: BytePath, entry: TarEntry): BytePath {
  const whole = belowRoot(layer, path);
  if (whole === '') return '';
  const place = joinPath(followed(layer, parentOf(whole), entry), nameOf(whole));
  if (place.length <= maxPathBytes) return place;
  throw hostile(layer, entry, `leads deeper than ${maxPathBytes} bytes of path`);
}

function belowRoot({ root = '' }: Layer, path: BytePath): BytePath {
  return path === '' ? root : joinPath(root, path);
}

function followed(layer: Layer, path: BytePath, entry: TarEntry): BytePath {
  const way = followInTree(layer.tree, path);
  if (way.isDeadEnd) throw hostile(layer, entry, way.problem);
  return way.names.join('/');
}

function makeParents(layer: Layer, place: BytePath, entry: TarEntry): void {
  const { tree } = layer;
  const parent = parentOf(place);
  if (tree.lookup(parent)?.inode.type === 'directory') return;
  let made = '';
  for (const name of parent.split('/')) {
    made = joinPath(made, name);
    const inode = tree.lookup(made)?.inode;
    if (inode === undefined) tree.put(made, impliedDirectory);
    else if (inode.type !== 'directory')
      throw invalid(layer, entry, `lies below /${toDisplay(made)}, which is no directory`);
  }
}

function mtimeOf(entry: TarEntry, latestSec: number | undefined): Inode['mtime'] {
  if (latestSec !== undefined && entry.mtimeSec >= latestSec) return { sec: latestSec, nsec: 0 };
  return { sec: entry.mtimeSec, nsec: entry.mtimeNsec };
}

function invalid(layer: Layer, entry: TarEntry, problem: string): AshlarError {
  return refusal('layer_invalid', { layer, entry, problem });
}

function hostile(layer: Layer, entry: TarEntry, problem: string): AshlarError {
  return refusal('layer_hostile', { layer, entry, problem });
}

function refusal(
  code: 'layer_invalid' | 'layer_hostile',
  { layer, entry, problem }: { layer: Layer; entry: TarEntry; problem: string },
): AshlarError {
  const path = toDisplay(entry.path);
  return new AshlarError(code, `${layer.label}: /${path} ${problem}`, {
    data: { layer: layer.label, path },
  });
}
