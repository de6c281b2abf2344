import { type BytePath, fromUtf8, toDisplay } from '../../src/index.ts';
import { faultError, type FaultSource } from '../dockerfile/fault-error.ts';
import { InstructionFault } from '../dockerfile/problems.ts';
import type { CopyStep } from '../dockerfile/step.ts';
import { findSources, missingSource } from './find-sources.ts';
import { resolveInTree } from './resolve-in-tree.ts';
import { baseName, joinBytes, type SourceEntry, type SourceTree } from './source-tree.ts';

/** What the destination of a copy is before it, when symbolic links are followed. */
export type DestinationKind = 'directory' | 'other' | 'missing';

export interface SelectRequest {
  readonly step: CopyStep;
  readonly tree: SourceTree;
  readonly destination: DestinationKind;
  /** The Dockerfile, for messages. */
  readonly source: FaultSource;
}

/** Something to be put into the image. */
export type SelectedEntry = TreeSelection | InlineSelection;

export interface TreeSelection {
  readonly origin: 'tree';
  readonly kind: SourceEntry['kind'];
  /** With symbolic links followed as far as they had to be. */
  readonly sourcePath: BytePath;
  /** Absolute. */
  readonly destinationPath: BytePath;
  readonly entry: SourceEntry;
  /**
   * For directories that are there already: `keep` leaves their mode and owner (the destination itself), `replace`
   * sets them to the source's. Everything else is replaced.
   */
  readonly existing: 'keep' | 'replace';
  /** Entries with the same object here become names of one file. */
  readonly file: object | undefined;
  /** For a file that ADD names: the directory to unpack into when it turns out to be a tar archive. */
  readonly unpackInto: BytePath | undefined;
}

/** A file whose content stands in the Dockerfile; its owner is root, or --chown's. */
export interface InlineSelection {
  readonly origin: 'inline';
  readonly kind: 'file';
  readonly destinationPath: BytePath;
  readonly mode: number;
  readonly content: string;
}

export interface Selection {
  /**
   * An absolute directory that has to be there before the entries. It and its parents are made where they are
   * missing: mode 0755, root or --chown's owner.
   */
  readonly directory: BytePath;
  /** A directory stands before what is in it. A later entry of the same destination replaces an earlier one. */
  readonly entries: readonly SelectedEntry[];
}

/** More are refused. */
const maxEntries = 1_000_000;

/**
 * Finds out what a COPY or ADD puts where. A directory gives its contents, not itself; a symbolic link that is named
 * is followed within the tree, one inside a copied directory is copied as a link; sockets are left out. A file goes
 * into the destination when that is a directory or ends in a slash, else it becomes the destination. Regular files below
 * one source keep the hard links among them; links from one source to another become files of their own (BuildKit copies
 * each source, and each match of a pattern, by itself).
 *
 * Throws `copy_source_missing` for a source that is not there, leads out of the tree, or for patterns of which none
 * matches (a pattern without a match beside one that has is nothing, as in Docker); `copy_destination_invalid` for
 * several sources and a destination that is no directory. Errors name the line and the nearest names.
 */
export async function selectSources(request: SelectRequest): Promise<Selection> {
  const { step, source } = request;
  try {
    return await select(request);
  } catch (error) {
    if (error instanceof InstructionFault) throw faultError(error, step, source);
    throw error;
  }
}

async function select({ step, tree, destination }: SelectRequest): Promise<Selection> {
  const written = fromUtf8(step.destination);
  const path = written === '/' ? '/' : written.replace(/\/$/, '');
  const asDirectory = written.endsWith('/') || destination === 'directory';
  const target: Target = { path, asDirectory, destination, step };
  const sources = await findAll(tree, step.sources);
  const amount = sources.length + step.heredocs.length;
  if (amount > 1 && !asDirectory) throw needsDirectory(step, amount);
  if (asDirectory && destination === 'other') throw notADirectory(path, step);
  const entries: SelectedEntry[] = [];
  for (const found of sources) await addSource(entries, { tree, target, ...found });
  for (const { name, content } of step.heredocs) {
    const destinationPath = asDirectory ? joinBytes(path, fromUtf8(name)) : path;
    entries.push({
      origin: 'inline',
      kind: 'file',
      destinationPath: absolute(destinationPath),
      mode: 0o644,
      content,
    });
  }
  const parent = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
  return { directory: written.endsWith('/') ? path : absolute(parent), entries };
}

interface Target {
  /** Absolute, without a slash at its end. */
  readonly path: BytePath;
  readonly asDirectory: boolean;
  readonly destination: DestinationKind;
  readonly step: CopyStep;
}

interface FoundSource {
  /** As it stands in the instruction, expanded. */
  readonly written: string;
  readonly path: BytePath;
}

async function findAll(tree: SourceTree, sources: readonly string[]): Promise<FoundSource[]> {
  const found: FoundSource[] = [];
  for (const [index, written] of sources.entries()) {
    try {
      for (const path of await findSources(tree, written)) found.push({ written, path });
    } catch (error) {
      if (!(error instanceof InstructionFault)) throw error;
      const { code, hint } = error;
      throw new InstructionFault(error.message, { code, hint, place: { word: index } });
    }
  }
  const [first] = sources;
  if (found.length > 0 || first === undefined) return found;
  const pattern = fromUtf8(first.replace(/^\/+/, ''));
  const { message, code, hint } = await missingSource(tree, first, pattern);
  const plain =
    sources.length === 1 ? message : `none of the patterns of this copy matches; ${message}`;
  throw new InstructionFault(plain, { code, hint });
}

async function addSource(
  entries: SelectedEntry[],
  { tree, target, written, path }: FoundSource & { tree: SourceTree; target: Target },
): Promise<void> {
  const sourcePath = await resolveInTree(tree, path);
  const entry = await tree.lstat(sourcePath);
  if (entry === null) throw await missingSource(tree, written, sourcePath);
  if (entry.kind === 'directory') {
    if (target.destination === 'other') throw notADirectory(target.path, target.step);
    const destinationPath = target.path;
    pushEntry(entries, { sourcePath, destinationPath, entry, existing: 'keep' });
    await addChildren(entries, { tree, sourcePath, destinationPath, files: new Map() });
    return;
  }
  if (entry.kind === 'socket') return;
  const name = baseName(path);
  const destinationPath = target.asDirectory ? absolute(joinBytes(target.path, name)) : target.path;
  const unpack = target.step.extractTar === 'archives' && entry.kind === 'file';
  pushEntry(entries, {
    sourcePath,
    destinationPath,
    entry,
    existing: 'replace',
    unpackInto: unpack ? target.path : undefined,
  });
}

async function addChildren(
  entries: SelectedEntry[],
  place: {
    tree: SourceTree;
    sourcePath: BytePath;
    destinationPath: BytePath;
    /** By what tells them apart. */
    files: Map<unknown, object>;
  },
): Promise<void> {
  const { tree, files } = place;
  for (const name of await tree.readdir(place.sourcePath)) {
    const sourcePath = joinBytes(place.sourcePath, name);
    const entry = await tree.lstat(sourcePath);
    if (entry === null || entry.kind === 'socket') continue;
    const destinationPath = absolute(joinBytes(place.destinationPath, name));
    const file = fileOf(entry, files);
    pushEntry(entries, { sourcePath, destinationPath, entry, existing: 'replace', file });
    if (entry.kind === 'directory')
      await addChildren(entries, { tree, sourcePath, destinationPath, files });
  }
}

function fileOf({ identity }: SourceEntry, files: Map<unknown, object>): object | undefined {
  if (identity === undefined) return undefined;
  const file = files.get(identity) ?? {};
  files.set(identity, file);
  return file;
}

function pushEntry(
  entries: SelectedEntry[],
  entry: Omit<TreeSelection, 'origin' | 'kind' | 'file' | 'unpackInto'> &
    Partial<Pick<TreeSelection, 'file' | 'unpackInto'>>,
): void {
  if (entries.length >= maxEntries) {
    throw new InstructionFault(`it copies more than ${maxEntries} files and directories`, {
      hint: 'Leave out what is not needed with .dockerignore.',
    });
  }
  const { kind } = entry.entry;
  entries.push({ origin: 'tree', kind, file: undefined, unpackInto: undefined, ...entry });
}

/** Joining with the root gives two slashes. */
function absolute(path: BytePath): BytePath {
  return `/${path.replace(/^\/+/, '')}`;
}

function needsDirectory(step: CopyStep, amount: number): InstructionFault {
  return new InstructionFault(
    `${step.keyword} has ${amount} sources and one destination, ${step.destination}, that is no directory`,
    {
      code: 'copy_destination_invalid',
      hint: `Write a slash at its end: ${step.destination}/`,
    },
  );
}

function notADirectory(path: BytePath, step: CopyStep): InstructionFault {
  return new InstructionFault(
    `${step.keyword} needs a directory at ${toDisplay(path)}, which is something else in the image`,
    { code: 'copy_destination_invalid' },
  );
}
