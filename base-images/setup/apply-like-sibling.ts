import {
  type BytePath,
  type Digest,
  digestOf,
  type ImageStore,
  type Inode,
  openImage,
  type OpenImage,
  patchImage,
  sameContent,
  sameMetadata,
  type TreeReader,
} from '../../src/index.ts';
import type { AppliedSetup, ApplySetupOptions } from './apply-setup.ts';
import { listOfChanges, recordPath } from './record/setup-record.ts';
import { readStoredRecord } from './record/read-record.ts';

/** An image and what the same plan has made of it. */
export interface SetUpSibling {
  readonly base: Digest;
  readonly setUp: Digest;
}

/** The same for plans that change the same in the same way: then what they made of one image tells what becomes of another. */
export function fingerprintOf({ changes, asked }: ApplySetupOptions['plan']): Digest {
  const lines = changes.map((change) =>
    JSON.stringify({
      ...change,
      ...(change.kind === 'file' ? { content: digestOf(change.content) } : {}),
    }),
  );
  return digestOf(Buffer.from([JSON.stringify(asked), ...lines].join('\n'), 'utf8'));
}

/**
 * Does what `applySetup` does, for what the difference between two images costs: where this one differs from the base of a
 * sibling in a few files that the plan does not touch, those are put among the sibling's. It gives the same digest. Null where that
 * cannot be had. Sibling and image have to have plans of the same fingerprint.
 */
export async function applyLikeSibling(
  imageStore: ImageStore,
  { image, plan, provenance = { kind: 'setup' }, report = {} }: ApplySetupOptions,
  sibling: SetUpSibling,
): Promise<AppliedSetup | null> {
  const [wanted, base, setUp] = [
    await openImage(imageStore, image),
    await openImage(imageStore, sibling.base),
    await openImage(imageStore, sibling.setUp),
  ];
  const puts = await putsBetween(await base.tree(), await wanted.tree());
  const touched = new Set<BytePath>([...plan.changes.map(({ path }) => path), recordPath]);
  // New files have the time of /etc, or of the root.
  for (const path of ['', 'etc']) touched.add(path);
  if (puts === null || [...puts.keys()].some((path) => touched.has(path))) return null;
  if (![base, setUp].every(({ root }) => root.diskBytes === wanted.root.diskBytes)) return null;
  const entries = (await readStoredRecord(imageStore, sibling.setUp))?.entries;
  if (entries === undefined) return null;
  const setup = { ...report, base: image, changes: listOfChanges(entries) };
  return patch(imageStore, { wanted, setUp, puts, provenance: { ...provenance, setup } });
}

interface Patching extends Pick<Required<ApplySetupOptions>, 'provenance'> {
  readonly wanted: OpenImage;
  readonly setUp: OpenImage;
  readonly puts: ReadonlyMap<BytePath, Inode>;
}

async function patch(
  imageStore: ImageStore,
  { wanted, setUp, puts, provenance }: Patching,
): Promise<AppliedSetup | null> {
  const writer = imageStore.createWriter();
  try {
    writer.know(await wanted.locations());
    const { config } = wanted.root;
    const digest = await patchImage(imageStore, setUp, { puts, config, provenance, writer });
    return digest === null ? null : { digest, newStoredBytes: writer.stats.newStoredBytes };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** More than this is not worth it. */
const maxPages = 32;

/** What is put among the files of `left` to get those of `right`; null where names come or go, or links are other links. */
async function putsBetween(
  left: TreeReader,
  right: TreeReader,
): Promise<ReadonlyMap<BytePath, Inode> | null> {
  const before = await entriesBeside(left, right);
  const after = await entriesBeside(right, left);
  if (before === null || after === null || before.size !== after.size) return null;
  const puts = new Map<BytePath, Inode>();
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (old === undefined) return null;
    if ('linkTo' in entry || 'linkTo' in old) {
      if (!('linkTo' in entry && 'linkTo' in old && entry.linkTo === old.linkTo)) return null;
    } else if (!sameMetadata(old.inode, entry.inode) || !sameContent(old.inode, entry.inode)) {
      puts.set(path, entry.inode);
    }
  }
  return puts;
}

type PageEntry = { readonly inode: Inode } | { readonly linkTo: BytePath };

/** The entries of pages that the other tree does not have; null where these are many. */
async function entriesBeside(
  tree: TreeReader,
  other: TreeReader,
): Promise<ReadonlyMap<BytePath, PageEntry> | null> {
  const known = new Set(other.root.pages.map(({ digest }) => digest));
  const pages = tree.root.pages.filter(({ digest }) => !known.has(digest));
  if (pages.length > maxPages) return null;
  const entries = new Map<BytePath, PageEntry>();
  for (const page of pages)
    for (const entry of (await tree.readPage(page)).entries) entries.set(entry.path, entry);
  return entries;
}
