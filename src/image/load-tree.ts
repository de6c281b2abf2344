import { toDisplay } from '../bytes/byte-path.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { type BinContent, binKey } from '../layout/pack-bins.ts';
import { createFileTree, type FileTree, isFileName, nameOf } from '../tree/file-tree.ts';
import type { Inode } from '../tree/inode.ts';
import { decodeTreePage, type TreePage } from '../tree/tree-page.ts';
import type { ImageStore } from './image-store.ts';
import type { OpenImage } from './open-image.ts';

export interface LoadedTree {
  readonly tree: FileTree;
  /** The bins of the image, so that a child need not put the same ones together again. */
  readonly knownBins: Map<string, Digest>;
}

/** Reads the whole tree of an image into memory, to be changed and written as a child. */
export async function loadTree(imageStore: ImageStore, image: OpenImage): Promise<LoadedTree> {
  const { root } = await image.tree();
  const firstTreePage = image.root.pages.length + 1;
  const blobs = root.pages.map((page, index) => {
    const location = image.placement.blobs[firstTreePage + index];
    if (location === undefined) throw corrupt(image, `no place for page ${index}`);
    return { digest: page.digest, location };
  });
  const pages = new Map<Digest, TreePage>();
  for await (const { digest, plain } of imageStore.reader.readMany(blobs))
    pages.set(digest, decodeTreePage(plain));
  const knownBins = new Map<string, Digest>();
  let tree: FileTree | undefined;
  for (const { digest } of root.pages) {
    const page = pages.get(digest);
    if (page === undefined) throw corrupt(image, `no page ${digest}`);
    tree = addPage(tree, page, image);
    rememberBins(page, knownBins);
  }
  if (tree === undefined) throw corrupt(image, 'no pages');
  return { tree, knownBins };
}

function addPage(started: FileTree | undefined, page: TreePage, image: OpenImage): FileTree {
  let tree = started;
  for (const entry of page.entries) {
    if (tree === undefined) {
      if (!('inode' in entry) || entry.inode.type !== 'directory' || entry.path !== '')
        throw corrupt(image, 'no root');
      tree = createFileTree(entry.inode);
      continue;
    }
    const inode: Inode | undefined =
      'linkTo' in entry ? tree.lookup(entry.linkTo)?.inode : entry.inode;
    if (inode === undefined) throw corrupt(image, 'a hard link that leads to nothing');
    if (entry.path !== '' && !isFileName(nameOf(entry.path)))
      throw corrupt(image, `the name ${toDisplay(entry.path)}, which no file can have`);
    tree.put(entry.path, inode);
  }
  if (tree === undefined) throw corrupt(image, 'an empty page');
  return tree;
}

/** Adds the bins of a page, by what is in them. */
export function rememberBins(page: TreePage, knownBins: Map<string, Digest>): void {
  const items = new Map<number, { content: BinContent; block: number }[]>();
  for (const entry of page.entries) {
    if ('linkTo' in entry || entry.place === null) continue;
    const content = binContentOf(entry.inode);
    if (content === null) continue;
    const inBin = items.get(entry.place.bin) ?? [];
    items.set(entry.place.bin, inBin);
    inBin.push({ content, block: entry.place.block });
  }
  for (const [bin, list] of items) {
    const digest = page.bins[bin];
    if (digest !== undefined) knownBins.set(binKey(list), digest);
  }
}

function binContentOf(inode: Inode): BinContent | null {
  if (inode.type === 'symlink') return { kind: 'target', target: inode.target };
  return inode.type === 'file' && inode.content.kind === 'small' ? inode.content : null;
}

function corrupt(image: OpenImage, what: string): AshlarError {
  return new AshlarError('tree_corrupt', `the tree of the image ${image.digest} has ${what}`, {
    data: { image: image.digest },
  });
}
