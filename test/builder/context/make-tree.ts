import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openContextDirectory } from '../../../builder/context/context-directory.ts';
import { type SourceTree, joinBytes } from '../../../builder/context/source-tree.ts';
import { createTempDir, type TempDir } from '../../../src/disk/temp-dir.ts';
import { tmpdir } from 'node:os';

/** Content of files, `->target` for symbolic links, and null for directories, by path. */
export type TreeSketch = Readonly<Record<string, string | null>>;

export async function writeTree(directory: string, sketch: TreeSketch): Promise<void> {
  for (const [path, content] of Object.entries(sketch)) {
    const target = join(directory, path);
    await mkdir(content === null ? target : dirname(target), { recursive: true });
    if (content?.startsWith('->')) await symlink(content.slice(2), target);
    else if (content !== null) await writeFile(target, content);
  }
}

export interface TempContext extends AsyncDisposable {
  readonly path: string;
  readonly tree: SourceTree;
}

/** A directory of these files, opened as a build context and removed at the end. */
export async function makeContext(sketch: TreeSketch): Promise<TempContext> {
  const directory: TempDir = await createTempDir(tmpdir(), 'ashlar-context');
  await writeTree(directory.path, sketch);
  const tree = await openContextDirectory(directory.path);
  return {
    path: directory.path,
    tree,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** All paths of a tree, directories with a slash. */
export async function listTree(tree: SourceTree, path = ''): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await tree.readdir(path)) {
    const child = joinBytes(path, name);
    const directory = (await tree.lstat(child))?.kind === 'directory';
    paths.push(directory ? `${child}/` : child);
    if (directory) paths.push(...(await listTree(tree, child)));
  }
  return paths;
}
