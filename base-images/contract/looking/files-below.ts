import { type BytePath, joinPath } from '../../../src/index.ts';
import type { ImageFiles } from '../../files/image-files.ts';

/** Of a directory with more, the rest is left out. */
const maxFiles = 10_000;
const maxDepth = 8;

/** Paths of the regular files below a directory, and of links to such files; links to directories are not followed. */
export async function filesBelow(
  files: ImageFiles,
  directory: BytePath,
): Promise<readonly BytePath[]> {
  const found: BytePath[] = [];
  const walk = async (path: BytePath, depth: number): Promise<void> => {
    for (const name of await files.names(path)) {
      if (found.length >= maxFiles) return;
      const child = joinPath(path, name);
      const file = await files.at(child);
      if (file?.type === 'directory' && depth < maxDepth) await walk(child, depth + 1);
      else if (file?.type === 'file' || (await isLinkToFile(files, child))) found.push(child);
    }
  };
  await walk(directory, 0);
  return found;
}

async function isLinkToFile(files: ImageFiles, path: BytePath): Promise<boolean> {
  return (await files.at(path))?.type === 'symlink' && (await files.follow(path))?.type === 'file';
}
