import { createByteReader } from '../bytes/byte-reader.ts';
import { createByteWriter } from '../bytes/byte-writer.ts';
import { type Digest, digestBytes, digestFromBytes } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { compareTreeKeys, type TreeKey } from './tree-order.ts';

/** The first page that may hold a key is found without reading any other. */
export interface TreePageReference {
  readonly digest: Digest;
  /** Place of the page's first entry in the canonical order. */
  readonly firstKey: TreeKey;
  readonly entries: number;
}

export interface TreeTotals {
  readonly directories: number;
  readonly files: number;
  readonly others: number;
  /** Names beyond the first of an inode. */
  readonly hardLinks: number;
  /** Sizes of all files added up, each inode once. */
  readonly contentBytes: number;
}

export interface TreeRoot {
  readonly totals: TreeTotals;
  readonly pages: readonly TreePageReference[];
}

const rootVersion = 1;
/** A digest, two empty texts and a number. */
const minPageBytes = 35;

/**
 * Encodes the root of a tree. All numbers are varints: version, the five totals in the order of `TreeTotals`, number of
 * pages, and for each its digest, the directory and the name of its first key, and its number of entries.
 */
export function encodeTreeRoot(root: TreeRoot): Buffer {
  const writer = createByteWriter();
  writer.varint(rootVersion);
  const { directories, files, others, hardLinks, contentBytes } = root.totals;
  for (const total of [directories, files, others, hardLinks, contentBytes]) writer.varint(total);
  writer.varint(root.pages.length);
  for (const page of root.pages) {
    writer.bytes(digestBytes(page.digest));
    writer.text(page.firstKey.directory);
    writer.text(page.firstKey.name);
    writer.varint(page.entries);
  }
  return writer.finish();
}

/** Decodes the root of a tree; throws `tree_corrupt` when it is not one. */
export function decodeTreeRoot(bytes: Buffer): TreeRoot {
  try {
    const reader = createByteReader(bytes);
    const version = reader.varint();
    if (version !== rootVersion) throw new RangeError(`has version ${version}`);
    const totals = {
      directories: reader.varint(),
      files: reader.varint(),
      others: reader.varint(),
      hardLinks: reader.varint(),
      contentBytes: reader.varint(),
    };
    const count = reader.varint();
    if (count * minPageBytes > reader.remaining) throw new RangeError(`counts ${count} pages`);
    const pages = Array.from({ length: count }, () => ({
      digest: digestFromBytes(reader.bytes(32)),
      firstKey: { directory: reader.text(), name: reader.text() },
      entries: reader.varint(),
    }));
    if (reader.remaining > 0) throw new RangeError(`has ${reader.remaining} bytes too many`);
    return { totals, pages };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AshlarError('tree_corrupt', `the root of the tree is damaged: it ${error.message}`, {
      cause: error,
    });
  }
}

/** The page that holds the entry of a key, if there is one. */
export function pageOfKey(root: TreeRoot, key: TreeKey): TreePageReference | undefined {
  let low = 0;
  let high = root.pages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const page = root.pages[middle];
    if (page !== undefined && compareTreeKeys(page.firstKey, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return root.pages[low - 1];
}
