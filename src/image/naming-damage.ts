import { toDisplay } from '../bytes/byte-path.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError, type ErrorData } from '../errors/ashlar-error.ts';
import type { Inode } from '../tree/inode.ts';
import type { TreeReader } from '../tree/tree-reader.ts';

/** Files named in a message; all of them count. */
const namedFiles = 5;

const damageCodes = new Set(['chunk_corrupt', 'pack_missing', 'pack_corrupt']);

/** Runs a read of a chunk; when it fails for damage, the error says which image and which of its files are hurt. */
export async function namingDamage<T>(
  place: {
    readonly image: Digest;
    readonly chunk: Digest;
    readonly tree: () => Promise<TreeReader>;
  },
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AshlarError) || !damageCodes.has(error.code)) throw error;
    const hurt = await describeHurt(place.tree, place.chunk);
    const data: ErrorData = {
      ...error.data,
      image: place.image,
      digest: place.chunk,
      files: hurt.files,
    };
    throw new AshlarError(
      error.code,
      `${error.message}; it hurts ${hurt.text} of the image ${place.image}`,
      {
        data,
        cause: error,
      },
    );
  }
}

/** The files of an image that have bytes in a chunk, in display form. */
export async function filesInChunk(tree: TreeReader, chunk: Digest): Promise<string[]> {
  const files: string[] = [];
  for await (const { path, inode } of tree.entries()) {
    if (holdsChunk(inode, chunk)) files.push(`/${toDisplay(path)}`);
  }
  return files;
}

async function describeHurt(
  tree: () => Promise<TreeReader>,
  chunk: Digest,
): Promise<{ text: string; files: readonly string[] }> {
  try {
    const files = await filesInChunk(await tree(), chunk);
    if (files.length === 0) return { text: 'the file system metadata', files };
    const rest = files.length > namedFiles ? ` and ${files.length - namedFiles} more` : '';
    return {
      text: `the file${files.length > 1 ? 's' : ''} ${files.slice(0, namedFiles).join(', ')}${rest}`,
      files,
    };
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    return { text: 'files that cannot be named, as the tree is damaged too,', files: [] };
  }
}

function holdsChunk(inode: Inode, chunk: Digest): boolean {
  if (inode.type !== 'file') return false;
  const { content } = inode;
  if (content.kind === 'small')
    return content.place.in === 'chunk' && content.place.chunk === chunk;
  return content.kind === 'chunked' && content.runs.some((run) => run.digests.includes(chunk));
}
