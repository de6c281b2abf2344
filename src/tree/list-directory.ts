import type { BytePath } from '../bytes/byte-path.ts';
import { joinPath, nameOf, parentOf } from './file-tree.ts';
import { compareTreeKeys, type TreeKey } from './tree-order.ts';
import type { TreePageEntry } from './tree-page.ts';
import type { TreeReader } from './tree-reader.ts';
import { pageOfKey } from './tree-root.ts';

/**
 * The names in a directory of a stored tree, those of its subdirectories last; none where it is no directory. Reads the
 * pages that hold the directory itself, and at most one more for each subdirectory, whatever lies below those.
 */
export async function listDirectory(tree: TreeReader, directory: BytePath): Promise<BytePath[]> {
  const names: BytePath[] = [];
  let below: TreeKey | undefined;
  for await (const key of keysFrom(tree, { directory, name: '' })) {
    if (key.directory !== directory) {
      below = key;
      break;
    }
    if (key.name !== '') names.push(key.name);
  }
  while (below !== undefined) {
    const child = childOf(directory, below.directory);
    if (child === undefined) break;
    names.push(child);
    below = await firstKeyFrom(tree, behind(joinPath(directory, child)));
  }
  return names;
}

/** The least key that is behind a directory and all below it: no name has a character of a lesser code than `\x01`. */
function behind(directory: BytePath): TreeKey {
  return { directory: `${directory}\x01`, name: '' };
}

/** The name in `directory` on the way to a directory below it; undefined where that is not below it. */
function childOf(directory: BytePath, below: BytePath): BytePath | undefined {
  const prefix = directory === '' ? '' : `${directory}/`;
  if (below === '' || !below.startsWith(prefix)) return undefined;
  return below.slice(prefix.length).split('/', 1)[0];
}

async function firstKeyFrom(tree: TreeReader, from: TreeKey): Promise<TreeKey | undefined> {
  for await (const key of keysFrom(tree, from)) return key;
  return undefined;
}

/** The places of all entries from one place on, in the canonical order. */
async function* keysFrom(tree: TreeReader, from: TreeKey): AsyncIterable<TreeKey> {
  const { pages } = tree.root;
  const first = pageOfKey(tree.root, from);
  if (first === undefined) return;
  for (let number = pages.indexOf(first); number < pages.length; number += 1) {
    const reference = pages[number];
    if (reference === undefined) return;
    for (const entry of (await tree.readPage(reference)).entries) {
      const key = keyOf(entry);
      if (compareTreeKeys(key, from) >= 0) yield key;
    }
  }
}

function keyOf(entry: TreePageEntry): TreeKey {
  return 'inode' in entry && entry.inode.type === 'directory'
    ? { directory: entry.path, name: '' }
    : { directory: parentOf(entry.path), name: nameOf(entry.path) };
}
