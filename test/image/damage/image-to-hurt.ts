import { createChunkWriter } from '../../../src/chunks/chunk-writer.ts';
import type { PackLocation } from '../../../src/chunks/pack-format.ts';
import type { Digest } from '../../../src/digest/digest.ts';
import { createImageStore, type ImageStore } from '../../../src/image/image-store.ts';
import { openImage } from '../../../src/image/open-image.ts';
import { setTag } from '../../../src/image/references/tags.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import type { FileInode } from '../../../src/tree/inode.ts';
import { pattern } from '../../support/awkward-tree.ts';
import { type SampleEntry, writeSample } from '../support/sample-image.ts';

const mib = 1024 * 1024;

/** Enough directories that the tree has several pages, and a disk of several pages of the manifest. */
export const files: Record<string, SampleEntry> = {
  'bin/small-one': Buffer.from('one small file'),
  'bin/small-two': Buffer.from('another small file'),
  'bin/small-link': { sameAs: 'bin/small-one' },
  'lib/large': pattern(5 * mib, 3),
  'lib/large-link': { sameAs: 'lib/large' },
  'lib/medium': pattern(300_000, 4),
  'lib/link': { target: 'large' },
};
for (let directory = 0; directory < 40; directory += 1)
  for (let file = 0; file < 20; file += 1)
    files[`share/d${directory}/f${file}`] = Buffer.from(`file ${file} of ${directory}\n`.repeat(9));

export interface Fixture extends Disposable {
  readonly objects: ObjectStore;
  readonly imageStore: ImageStore;
  readonly image: Digest;
  /** An image that shares no chunk with it. */
  readonly other: Digest;
}

export async function makeFixture(): Promise<Fixture> {
  const objects = createMemoryObjectStore();
  const imageStore = createImageStore(objects, null);
  // Small packs, so that metadata and contents lie in different ones.
  const writer = createChunkWriter({
    store: objects,
    index: imageStore.index(),
    shelf: imageStore.shelf,
    packBytes: 512 * 1024,
  });
  const { digest: image } = await writeSample(imageStore, files, {
    diskBytes: 1024 * mib,
    writer,
  });
  const { digest: other } = await writeSample(imageStore, { whole: pattern(200_000, 99) });
  await setTag(objects, { name: 'hurt:v1', image, nowMs: 0 });
  await setTag(objects, { name: 'whole:v1', image: other, nowMs: 0 });
  return {
    objects,
    imageStore,
    image,
    other,
    [Symbol.dispose]: () => imageStore[Symbol.dispose](),
  };
}

/** Where the parts of the image lie, by what they are. */
export interface Places {
  readonly bin: PackLocation;
  readonly large: PackLocation;
  readonly metadata: PackLocation;
  readonly treeRoot: PackLocation;
  readonly treePage: PackLocation;
  readonly manifestPage: PackLocation;
}

export async function findPlaces({ imageStore, image }: Fixture): Promise<Places> {
  const open = await openImage(imageStore, image);
  const tree = await open.tree();
  const bin = await inodeAt(open, 'bin/small-one');
  const large = await inodeAt(open, 'lib/large');
  const inFiles = new Set<Digest>();
  for await (const { inode } of tree.entries())
    for (const chunk of chunksOf(inode)) inFiles.add(chunk);
  let metadata: PackLocation | undefined;
  for await (const { digest, location } of open.chunks())
    if (!inFiles.has(digest)) metadata ??= location;
  const firstTreePage = open.root.pages.length + 1;
  const lastPage = tree.root.pages.findIndex(({ firstKey }) =>
    firstKey.directory.startsWith('share'),
  );
  return {
    bin: await open.locate(chunksOf(bin)[0] ?? ('' as Digest)),
    large: await open.locate(chunksOf(large)[20] ?? ('' as Digest)),
    metadata: known(metadata),
    treeRoot: known(open.placement.blobs[open.root.pages.length]),
    treePage: known(open.placement.blobs[firstTreePage + lastPage + 1]),
    manifestPage: known(open.placement.blobs[await pageOfLarge(open, chunksOf(large)[20])]),
  };
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not there');
  return value;
}

export type Open = Awaited<ReturnType<typeof openImage>>;

async function pageOfLarge(open: Open, chunk: Digest | undefined): Promise<number> {
  for (const [position, [page]] of open.root.pages.entries())
    if ((await open.chunksOfPage(page)).some(({ digest }) => digest === chunk)) return position;
  throw new Error('no page has it');
}

export async function inodeAt(open: Open, path: string): Promise<FileInode> {
  const { inode } = await (await open.tree()).lookupFollowing(path);
  if (inode.type !== 'file') throw new Error(`no file: ${path}`);
  return inode;
}

export function chunksOf(inode: unknown): Digest[] {
  const { content } = inode as { content?: FileInode['content'] };
  if (content?.kind === 'small' && content.place.in === 'chunk') return [content.place.chunk];
  return content?.kind === 'chunked' ? content.runs.flatMap((run) => run.digests) : [];
}
