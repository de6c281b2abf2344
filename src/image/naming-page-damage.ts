import type { PackLocation } from '../chunks/pack-format.ts';
import type { Digest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { chunkBytes } from '../tree/inode.ts';
import { findHurtFilesIfReadable } from './hurt-files.ts';
import { isPageDamage, type ManifestPages } from './manifest-pages.ts';
import { pageChunks } from './manifest-page.ts';
import { type DamagedImage, withHurtFiles } from './naming-damage.ts';

/** Runs a read of a page of the manifest; the error for a damaged one names the files that have chunks nowhere else. */
export async function namingPageDamage<T>(
  image: DamagedImage & { readonly manifest: ManifestPages },
  page: number,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isPageDamage(error)) throw error;
    const { locations } = await readableChunks(image.manifest);
    throw await describePageDamage(image, { page, damage: error, locations });
  }
}

/** The error of a page with its part of the disk and the files that have chunks which are not in `locations`. */
export async function describePageDamage(
  image: DamagedImage,
  found: {
    readonly page: number;
    readonly damage: AshlarError;
    readonly locations: ReadonlyMap<Digest, PackLocation>;
  },
): Promise<AshlarError> {
  const { page, damage, locations } = found;
  const mib = (pageChunks * chunkBytes) / 1024 ** 2;
  const code = damage.code === 'chunk_corrupt' ? 'manifest_corrupt' : damage.code;
  const stretch = `the manifest of the disk from ${page * mib} MiB to ${(page + 1) * mib} MiB cannot be read`;
  const error = new AshlarError(code, `${stretch}: ${damage.message}`, {
    data: damage.data,
    cause: damage,
  });
  const isHurt = (chunk: Digest): boolean => !locations.has(chunk);
  const hurt = await findHurtFilesIfReadable(image.treePages(), isHurt);
  return withHurtFiles(error, image.digest, { hurt });
}

export interface ReadableChunks {
  readonly locations: ReadonlyMap<Digest, PackLocation>;
  readonly damaged: readonly { readonly page: number; readonly damage: AshlarError }[];
}

/** Where the chunks are that the pages which can be read tell of, and the pages that cannot. */
export async function readableChunks(manifest: ManifestPages): Promise<ReadableChunks> {
  const locations = new Map<Digest, PackLocation>();
  const damaged: { page: number; damage: AshlarError }[] = [];
  for await (const read of manifest.all()) {
    if ('damage' in read) damaged.push(read);
    else for (const chunk of read.chunks) locations.set(chunk.digest, chunk.location);
  }
  return { locations, damaged };
}
