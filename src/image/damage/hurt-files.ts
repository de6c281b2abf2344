import { type BytePath, toDisplay } from '../../bytes/byte-path.ts';
import type { Digest } from '../../digest/digest.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import type { TreePage, TreePageEntry } from '../../tree/tree-page.ts';
import { isTreeDamage } from './damage-codes.ts';

/** Which files have bytes in chunks that are hurt. */
export interface HurtFiles {
  /**
   * Paths in display form, by chunk: files, and symbolic links whose target is too long for an inode. Chunks that none has
   * bytes in, as those of metadata, are left out.
   */
  readonly byChunk: ReadonlyMap<Digest, readonly string[]>;
  /** False when a page of the tree could not be read, so that there may be more. */
  readonly isComplete: boolean;
}

/**
 * Finds the files, all their hard links with them, that have bytes in a chunk for which `isHurt` says so. `pages` are
 * those of the tree in order, the error in place of one that cannot be read. One pass, however many chunks are hurt.
 * Gives nothing, and that not complete, when the root of the tree is damaged; other failures are thrown as they are.
 */
export async function findHurtFilesIfReadable(
  pages: AsyncIterable<TreePage | AshlarError>,
  isHurt: (chunk: Digest) => boolean,
): Promise<HurtFiles> {
  try {
    return await findHurtFiles(pages, isHurt);
  } catch (error) {
    if (!isTreeDamage(error)) throw error;
    return { byChunk: new Map(), isComplete: false };
  }
}

async function findHurtFiles(
  pages: AsyncIterable<TreePage | AshlarError>,
  isHurt: (chunk: Digest) => boolean,
): Promise<HurtFiles> {
  const byChunk = new Map<Digest, string[]>();
  const hurtPaths = new Map<BytePath, readonly Digest[]>();
  let isComplete = true;
  const note = (path: BytePath, chunks: readonly Digest[]): void => {
    for (const chunk of chunks) {
      const paths = byChunk.get(chunk) ?? [];
      byChunk.set(chunk, paths);
      paths.push(`/${toDisplay(path)}`);
    }
  };
  for await (const page of pages) {
    if (page instanceof AshlarError) {
      isComplete = false;
      continue;
    }
    for (const entry of page.entries) {
      if ('linkTo' in entry) {
        note(entry.path, hurtPaths.get(entry.linkTo) ?? []);
        continue;
      }
      const chunks = chunksOf(entry, page.bins).filter(isHurt);
      if (chunks.length === 0) continue;
      hurtPaths.set(entry.path, chunks);
      note(entry.path, chunks);
    }
  }
  return { byChunk, isComplete };
}

/** All paths of `hurt`, each once, in order. */
export function pathsOf(hurt: HurtFiles): string[] {
  return [...new Set([...hurt.byChunk.values()].flat())].sort();
}

/** Each chunk that holds bytes of an inode, once. */
function chunksOf(
  { inode, place }: Extract<TreePageEntry, { inode: unknown }>,
  bins: readonly Digest[],
): readonly Digest[] {
  const bin = place === null ? undefined : bins[place.bin];
  if (bin !== undefined) return [bin];
  if (inode.type !== 'file' || inode.content.kind !== 'chunked') return [];
  return [...new Set(inode.content.runs.flatMap((run) => run.digests))];
}
