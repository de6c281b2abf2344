import { digestOf } from '../../../src/digest/digest.ts';
import { groupEntries } from '../../../src/layout/group-entries.ts';
import type { FileTree } from '../../../src/tree/file-tree.ts';
import { orderTree, treeKeyOf } from '../../../src/tree/tree-order.ts';
import { decodeTreePage, encodeTreePage, type TreePage } from '../../../src/tree/tree-page.ts';
import { createTreeReader, type TreeReader } from '../../../src/tree/tree-reader.ts';
import type { TreePageReference } from '../../../src/tree/tree-root.ts';
import { directory, file, treeOf } from '../../layout/support/make-tree.ts';

export interface StoredTree {
  readonly tree: FileTree;
  readonly reader: TreeReader;
  /** How many pages were read, those again that are read again. */
  pagesRead(): number;
}

/** A tree of empty files, cut into pages as an image has it. What lies below a file takes its place. */
export function storedTree(paths: readonly string[]): StoredTree {
  const tree = treeOf({});
  for (const path of paths) {
    const names = path.split('/');
    for (let depth = 1; depth < names.length; depth += 1) {
      const parent = names.slice(0, depth).join('/');
      if (!tree.lookup(parent)?.children) tree.put(parent, directory());
    }
    if (tree.lookup(path) === undefined) tree.put(path, file());
  }
  const pages = new Map<string, TreePage>();
  const references = groupEntries(orderTree(tree)).map(({ entries }): TreePageReference => {
    const bytes = encodeTreePage({ entries, bins: [], places: new Map() });
    const digest = digestOf(bytes);
    pages.set(digest, decodeTreePage(bytes));
    const [first] = entries;
    if (first === undefined) throw new Error('a page of no entries');
    return { digest, firstKey: treeKeyOf(first), entries: entries.length };
  });
  const totals = { directories: 0, files: 0, others: 0, hardLinks: 0, contentBytes: 0 };
  let read = 0;
  const reader = createTreeReader({ totals, pages: references }, async ({ digest }) => {
    read += 1;
    const page = pages.get(digest);
    if (page === undefined) throw new Error(`no page ${digest}`);
    return page;
  });
  return { tree, reader, pagesRead: () => read };
}
