import type { LocatedBlob } from '../chunks/chunk-reader.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import type { TreePage } from '../tree/tree-page.ts';
import { findHurtFilesIfReadable, type HurtFiles, pathsOf } from './hurt-files.ts';

/** Files named in a message; all of them are in the data. */
const namedFiles = 5;

const damageCodes = new Set<ErrorCode>(['chunk_corrupt', 'pack_missing', 'pack_corrupt']);

/** True for a failure to read a blob that lies in the store and not in reaching it. */
export function isBlobDamage(error: unknown): error is AshlarError {
  return error instanceof AshlarError && damageCodes.has(error.code);
}

/** What is needed to say which files a damage hurts. */
export interface DamagedImage {
  readonly digest: Digest;
  treePages(): AsyncIterable<TreePage | AshlarError>;
}

/** Runs a read of a chunk; when it fails for damage, the error says which image and which of its files are hurt. */
export async function namingDamage<T>(
  image: DamagedImage,
  chunk: Digest,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isBlobDamage(error)) throw error;
    const hurt = await findHurtFilesIfReadable(image.treePages(), (digest) => digest === chunk);
    throw withHurtFiles(error, image.digest, { hurt, data: { digest: chunk } });
  }
}

/** As `namingDamage` for a failed read of many blobs: hurt is the chunk that failed, or all in a pack that failed. */
export async function nameBatchDamage(
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
  const hurt = await findHurtFilesIfReadable(image.treePages(), isHurt);
  return withHurtFiles(error, image.digest, { hurt });
}

/** The error with the image and the files added. */
export function withHurtFiles(
  error: AshlarError,
  image: Digest,
  damage: {
    readonly hurt: HurtFiles;
    readonly data?: Readonly<Record<string, string>>;
  },
): AshlarError {
  const files = pathsOf(damage.hurt);
  const what = describe(files, damage.hurt.isComplete);
  return new AshlarError(error.code, `${error.message}; it hurts ${what} of the image ${image}`, {
    data: { ...error.data, ...damage.data, image, files },
    cause: error,
  });
}

function describe(files: readonly string[], isComplete: boolean): string {
  const unnamed = 'files that cannot be named, as the tree is damaged too,';
  if (files.length === 0) return isComplete ? 'the file system metadata' : unnamed;
  const rest = files.length > namedFiles ? ` and ${files.length - namedFiles} more` : '';
  const named = `the file${files.length > 1 ? 's' : ''} ${files.slice(0, namedFiles).join(', ')}${rest}`;
  return isComplete ? named : `${named} and ${unnamed}`;
}
