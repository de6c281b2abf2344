import { join } from 'node:path';
import type { BenchContext } from './benchmark.ts';
import { type FileContents, readTreeFiles, type TreeFiles } from './file-level.ts';
import { treeArchive, unpackTree } from './make-tree.ts';
import { dedupTrees, type TreeRecipe } from './trees.ts';

/** A tree with what each way of keeping it is made from. */
export interface PreparedTree {
  readonly recipe: TreeRecipe;
  readonly archive: string;
  readonly directory: string;
  readonly files: TreeFiles;
}

/** The disk of each image, Ashlar's and others'. */
export const dedupDiskSize = '4G';

/** Makes, unpacks and reads all trees; what was read is added to `seen`. */
export async function prepareTrees(
  context: BenchContext,
  workDir: string,
  seen: FileContents,
): Promise<PreparedTree[]> {
  const trees: PreparedTree[] = [];
  for (const recipe of dedupTrees(context.scale)) {
    const archive = await treeArchive(context, recipe);
    const directory = join(workDir, 'trees', recipe.name);
    await unpackTree(context, archive, directory);
    context.say(`# reads all files of ${directory}, and compresses those not seen before`);
    const files = await readTreeFiles(directory, seen);
    trees.push({ recipe, archive, directory, files });
  }
  return trees;
}
