import type { BytePath, ChangingFiles, FileTree, Inode, TreeNode } from '../../../src/index.ts';
import type { Change } from '../setup-plan.ts';
import { applyDifference, differenceOf } from './content-difference.ts';
import { factsOf, sameState, stateOf } from './name-state.ts';
import { otherNames } from './other-names.ts';
import {
  type Before,
  type ContentBefore,
  maxWhyCharacters,
  type RecordEntry,
} from './setup-record.ts';

/** What is looked at before the first change is made. */
export interface Surroundings extends Pick<ChangingFiles, 'isLinked' | 'wholeTree'> {
  /** The tree as it is. */
  readonly tree: FileTree;
  /** Reads a file of that tree. */
  readonly read: (path: BytePath) => Promise<Buffer>;
  /** What earlier setups changed in this image. */
  readonly earlier: readonly RecordEntry[];
}

/** What was at the path of each change before any setup, in terms of what will be there. */
export async function describeBefore(
  changes: readonly Change[],
  surroundings: Surroundings,
): Promise<ReadonlyMap<BytePath, Before>> {
  const { tree, earlier } = surroundings;
  const known = new Map(earlier.map((entry) => [entry.path, entry]));
  const links = await otherNames(surroundings, new Set(changes.map(({ path }) => path)));
  const movedTo = new Map(changes.map((change) => [change.movedFrom, change.path]));
  const befores = new Map<BytePath, Before>();
  for (const change of changes) {
    const { path } = change;
    const node = tree.lookup(path);
    const place = movedTo.get(path);
    const past = known.get(path);
    // Still as a setup left it: what counts is what was there before that.
    const isOurs = past !== undefined && sameState(past.after, stateOf(node));
    const bytes = await bytesAt(path, node?.inode, surroundings);
    const origin = isOurs ? originOf(past.before, bytes) : bytes;
    const content: ContentBefore =
      place === undefined ? differenceOf(origin, bytesAfter(change, bytes)) : { movedTo: place };
    const linkedWith = links.get(path) ?? null;
    befores.set(path, isOurs ? renewed(past.before, content) : beforeOf(node, content, linkedWith));
  }
  return befores;
}

/** The list of an image after these changes were made in `tree`: that of earlier setups with them. */
export function entriesAfter(
  changes: readonly Change[],
  { tree, earlier }: Pick<Surroundings, 'tree' | 'earlier'>,
  befores: ReadonlyMap<BytePath, Before>,
): RecordEntry[] {
  const made = changes.map(({ path, step, why }): RecordEntry => {
    const before = befores.get(path) ?? { type: 'nothing' };
    const said = why.slice(0, maxWhyCharacters);
    return { path, step, why: said, after: stateOf(tree.lookup(path)), before };
  });
  const again = new Set(made.map(({ path }) => path));
  const all = [...earlier.filter(({ path }) => !again.has(path)), ...made];
  return all.filter(({ after, before }) => after.type !== 'nothing' || before.type !== 'nothing');
}

function bytesAt(
  path: BytePath,
  inode: Inode | undefined,
  { read }: Surroundings,
): Promise<Buffer> | Buffer {
  return inode?.type === 'file' ? read(path) : Buffer.alloc(0);
}

function bytesAfter(change: Change, bytes: Buffer): Buffer {
  if (change.kind === 'mode') return bytes;
  return change.kind === 'file' ? change.content : Buffer.alloc(0);
}

/** The content that a file had before the setups that are listed. */
function originOf(before: Before, bytes: Buffer): Buffer {
  if (before.type !== 'file' || 'movedTo' in before.content) return bytes;
  return applyDifference(before.content, bytes) ?? bytes;
}

function renewed(before: Before, content: ContentBefore): Before {
  return before.type === 'file' ? { ...before, content } : before;
}

function beforeOf(
  node: TreeNode | undefined,
  content: ContentBefore,
  linkedWith: BytePath | null,
): Before {
  if (node === undefined) return { type: 'nothing' };
  const { inode } = node;
  const facts = factsOf(inode);
  if (inode.type === 'directory') return { type: 'directory', ...facts };
  if (inode.type === 'symlink') return { type: 'symlink', target: inode.target, ...facts };
  return { type: 'file', content, linkedWith, ...facts };
}
