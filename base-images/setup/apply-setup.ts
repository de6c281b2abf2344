import {
  type BytePath,
  type ContentIntake,
  deriveImage,
  type Digest,
  type FileTree,
  type ImageStore,
  type Json,
  openImage,
  type Timestamp,
} from '../../src/index.ts';
import { changeTree, newFile } from './record/change-tree.ts';
import { describeBefore, entriesAfter } from './record/record-entries.ts';
import { readRecord, readStoredRecord } from './record/read-record.ts';
import {
  type Asked,
  encodeRecord,
  listOfChanges,
  recordOwner,
  recordPath,
} from './record/setup-record.ts';
import type { Change, SetupPlan } from './setup-plan.ts';

export interface AppliedSetup {
  readonly digest: Digest;
  /** What was added to the store for it. */
  readonly newStoredBytes: number;
}

export interface ApplySetupOptions {
  readonly image: Digest;
  readonly plan: Pick<SetupPlan, 'asked'> & { readonly changes: readonly Change[] };
  /** What is kept of how the image came to be, beside the list of changes. */
  readonly provenance?: Readonly<Record<string, Json>>;
  /** What is said of the setup itself, beside the list of changes. */
  readonly report?: Readonly<Record<string, Json>>;
}

/**
 * Makes the changes of a plan for this very image, and gives the digest of the image that has them; that of the image itself where there
 * are none. What was there before is listed in the image, in `usr/lib/ashlar/setup.json`, and the list without contents is in the provenance.
 * The digest depends on the image and the plan alone: what is put has the time of the image's `/etc`. Throws as `loadTree` and `writeImage`.
 */
export async function applySetup(
  imageStore: ImageStore,
  { image, plan, provenance = { kind: 'setup' }, report = {} }: ApplySetupOptions,
): Promise<AppliedSetup> {
  const { changes, asked } = plan;
  if (changes.length === 0) {
    await listEarlier(imageStore, { image, provenance, report });
    return { digest: image, newStoredBytes: 0 };
  }
  return changeTree(imageStore, image, async (changing) => {
    const { tree, intake } = changing;
    await changing.load(pathsOf(changes));
    const earlier = (await readRecord(changing))?.entries ?? [];
    const befores = await describeBefore(changes, { ...changing, earlier });
    const mtime = timeOf(tree);
    for (const change of changes) await makeChange({ tree, intake, mtime }, change);
    const entries = entriesAfter(changes, { tree, earlier }, befores);
    const record = encodeRecord({ format: 1, asked: isEmpty(asked) ? undefined : asked, entries });
    tree.put(recordPath, await newFile(intake, record, { ...recordOwner, mtime }));
    return {
      ...provenance,
      setup: { ...report, base: image, changes: listOfChanges(entries) },
    };
  });
}

/** All that is looked up. */
function pathsOf(changes: readonly Change[]): BytePath[] {
  const paths = changes.flatMap(({ path, movedFrom }) => [path, movedFrom ?? path]);
  return ['etc', recordPath, ...paths];
}

function isEmpty({ user, init }: Asked): boolean {
  return user === undefined && init === undefined;
}

/** An image whose base was set up has the list in its files; its own provenance gets it too. */
async function listEarlier(
  imageStore: ImageStore,
  { image, provenance, report }: Required<Omit<ApplySetupOptions, 'plan'>>,
): Promise<void> {
  if (provenance['setup'] !== undefined) return;
  const record = await readStoredRecord(imageStore, image);
  if (record === null) return;
  const setup = { ...report, base: null, changes: listOfChanges(record.entries) };
  const opened = await openImage(imageStore, image);
  const { config } = opened.root;
  await deriveImage(imageStore, opened, { config, provenance: { ...provenance, setup } });
}

interface Making {
  readonly tree: FileTree;
  readonly intake: ContentIntake;
  readonly mtime: Timestamp;
}

/** A time that is the image's own, so that the same setup of the same image gives the same at any time. */
function timeOf(tree: FileTree): Timestamp {
  return (tree.lookup('etc') ?? tree.root).inode.mtime;
}

async function makeChange(making: Making, change: Change): Promise<void> {
  const { tree, mtime } = making;
  const { path, kind } = change;
  if (kind === 'remove') {
    tree.remove(path);
    return;
  }
  const { mode, uid, gid } = change;
  const there = tree.lookup(path)?.inode;
  if (kind === 'mode') {
    if (there !== undefined) tree.put(path, { ...there, mode, uid, gid });
  } else if (kind === 'directory') {
    tree.put(path, { type: kind, mode, uid, gid, mtime, xattrs: [] });
  } else if (kind === 'symlink') {
    tree.put(path, { type: kind, target: change.target, mode, uid, gid, mtime, xattrs: [] });
  } else if (change.movedFrom !== undefined) {
    const moved = tree.lookup(change.movedFrom)?.inode;
    if (moved !== undefined) tree.put(path, moved);
  } else {
    tree.put(path, await newFile(making.intake, change.content, { mode, uid, gid, mtime }));
  }
}
