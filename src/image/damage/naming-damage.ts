import type { LocatedBlob } from '../../chunks/chunk-reader.ts';
import type { Digest } from '../../digest/digest.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import type { TreePage } from '../../tree/tree-page.ts';
import { isBlobDamage, isPageDamage } from './damage-codes.ts';
import { findHurtFilesIfReadable, type HurtFiles, pathsOf } from './hurt-files.ts';

/** Files named in a message; all of them are in the data. */
const namedFiles = 5;

/** What is needed to say which files a damage hurts. */
export interface DamagedImage {
  readonly digest: Digest;
  treePages(): AsyncIterable<TreePage | AshlarError>;
}

/**
 * What a read of these chunks failed with; damage with the image and the files that are hurt: those with bytes in the
 * chunk that failed, or in any that lies in the pack that failed.
 */
export async function nameChunkDamage(
  image: DamagedImage,
  blobs: readonly LocatedBlob[],
  error: unknown,
): Promise<unknown> {
  if (!isBlobDamage(error)) return error;
  const { digest: chunk, pack } = error.data;
  const hurtChunks = new Set(
    blobs
      .filter(({ digest, location }) =>
        chunk === undefined ? location.pack === pack : digest === chunk,
      )
      .map(({ digest }) => digest),
  );
  const isHurt = (digest: Digest): boolean => hurtChunks.has(digest);
  return withHurtFiles(image, error, await findHurtFilesIfReadable(image.treePages(), isHurt));
}

/**
 * What a read of a page of the manifest failed with; damage with the image and the files that have chunks nowhere else
 * than in such pages. `located` are the chunks that the other pages tell of.
 */
export async function namePageDamage(
  image: DamagedImage,
  located: () => Promise<ReadonlyMap<Digest, unknown>>,
  error: unknown,
): Promise<unknown> {
  if (!isPageDamage(error)) return error;
  const known = await located();
  const isHurt = (chunk: Digest): boolean => !known.has(chunk);
  return withHurtFiles(image, error, await findHurtFilesIfReadable(image.treePages(), isHurt));
}

function withHurtFiles(image: DamagedImage, error: AshlarError, hurt: HurtFiles): AshlarError {
  const files = pathsOf(hurt);
  const what = describe(files, hurt.isComplete);
  const message = `${error.message}; it hurts ${what} of the image ${image.digest}`;
  return new AshlarError(error.code, message, {
    data: { ...error.data, image: image.digest, files },
    cause: error,
    hint: error.hint,
  });
}

function describe(files: readonly string[], isComplete: boolean): string {
  const unnamed = 'files that cannot be named, as the tree is damaged too,';
  if (files.length === 0) return isComplete ? 'the file system metadata' : unnamed;
  const rest = files.length > namedFiles ? ` and ${files.length - namedFiles} more` : '';
  const named = `the file${files.length > 1 ? 's' : ''} ${files.slice(0, namedFiles).join(', ')}${rest}`;
  return isComplete ? named : `${named} and ${unnamed}`;
}
