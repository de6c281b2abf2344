import type { LocatedBlob } from '../chunks/chunk-reader.ts';
import { type Digest, isDigest } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { hasCode } from '../errors/has-code.ts';
import { findHurtFilesIfReadable, type HurtFiles, pathsOf } from '../image/damage/hurt-files.ts';
import type { ImageStore } from '../image/image-store.ts';
import { readJsonObject } from '../image/json-object.ts';
import { openImage, type OpenImage } from '../image/open-image.ts';
import { imageKey } from '../store/store-paths.ts';
import type { BlobDamage, PackChecker } from './check-packs.ts';

/** Something that is wrong with an image. */
export interface ImageDamage {
  readonly code: ErrorCode;
  readonly message: string;
  /** Files of the image that are hurt, in display form; none when only metadata is, or when they cannot be named. */
  readonly files: readonly string[];
  /** The pack that it lies in; null for what lies in none. */
  readonly pack: Digest | null;
}

/** Reads everything that an image refers to and gives all that is wrong with it. */
export async function checkImage(
  imageStore: ImageStore,
  digest: Digest,
  checker: PackChecker,
): Promise<ImageDamage[]> {
  const damages = await checkDocuments(imageStore, digest);
  let image: OpenImage;
  try {
    image = await openImage(imageStore, digest);
  } catch (error) {
    return [damageOf(error), ...damages];
  }
  try {
    return [...damages, ...(await checkParts(image, checker))];
  } catch (error) {
    if (!hasCode(error, 'image_not_found')) throw error;
    // Removed while it was read.
    return [damageOf(error), ...damages];
  }
}

/** Holds all that an open image refers to against its digests. */
async function checkParts(image: OpenImage, checker: PackChecker): Promise<ImageDamage[]> {
  const damages: ImageDamage[] = [];
  const pages = await readPages(image);
  const tree = await readTree(image);
  const hurtBlobs = await checker.checkBlobs([...tree.blobs, ...pages.blobs, ...pages.chunks]);
  const located = new Set(pages.chunks.map(({ digest: chunk }) => chunk));
  const isUnlocated = (chunk: Digest): boolean => pages.damages.length > 0 && !located.has(chunk);
  const hurtChunks = new Map(
    pages.chunks.flatMap(({ digest: chunk }) => {
      const damage = hurtBlobs.get(chunk);
      return damage === undefined ? [] : [[chunk, damage] as const];
    }),
  );
  if (hurtChunks.size > 0 || pages.damages.length > 0) {
    const isHurt = (chunk: Digest): boolean => hurtChunks.has(chunk) || isUnlocated(chunk);
    const hurt = await findHurtFilesIfReadable(image.treePages(), isHurt);
    const unlocated = pathsOf({
      ...hurt,
      byChunk: new Map([...hurt.byChunk].filter(([chunk]) => isUnlocated(chunk))),
    });
    damages.push(...pages.damages.map((damage) => ({ ...damage, files: unlocated })));
    damages.push(...groupDamages(hurtChunks, hurt));
  }
  return [...damages, ...tree.damages];
}

/** Pages of the manifest, and the chunks that those which can be read tell of. */
async function readPages(
  image: OpenImage,
): Promise<{ blobs: LocatedBlob[]; chunks: LocatedBlob[]; damages: ImageDamage[] }> {
  const chunks: LocatedBlob[] = [];
  const damages: ImageDamage[] = [];
  for await (const read of image.manifestPages()) {
    if ('damage' in read) damages.push(damageOf(read.damage));
    else for (const chunk of read.chunks) chunks.push(chunk);
  }
  const digests = image.root.pages.map(([, page]) => page);
  return { blobs: locateBlobs(image, digests, 0), chunks, damages };
}

async function readTree(
  image: OpenImage,
): Promise<{ blobs: LocatedBlob[]; damages: ImageDamage[] }> {
  const first = image.root.pages.length;
  try {
    const { root } = await image.tree();
    const damages: ImageDamage[] = [];
    for await (const page of image.treePages())
      if (page instanceof AshlarError) damages.push(damageOf(page));
    const digests = [image.root.tree, ...root.pages.map((page) => page.digest)];
    return { blobs: locateBlobs(image, digests, first), damages };
  } catch (error) {
    return { blobs: locateBlobs(image, [image.root.tree], first), damages: [damageOf(error)] };
  }
}

function locateBlobs(image: OpenImage, digests: readonly Digest[], first: number): LocatedBlob[] {
  return digests.flatMap((digest, index) => {
    const location = image.placement.blobs[first + index];
    return location === undefined ? [] : [{ digest, location }];
  });
}

/** The documents beside the image. The boot trace is not there for every image. */
async function checkDocuments(imageStore: ImageStore, digest: Digest): Promise<ImageDamage[]> {
  const damages: ImageDamage[] = [];
  for (const part of ['provenance', 'boot'] as const) {
    try {
      const document = await readJsonObject(imageStore.objects, imageKey(digest, part));
      if (document !== null || part === 'boot') continue;
      const message = `the provenance of the image ${digest} is missing`;
      damages.push({ code: 'manifest_corrupt', message, files: [], pack: null });
    } catch (error) {
      damages.push(damageOf(error));
    }
  }
  return damages;
}

/** A damaged chunk each; of a pack that is gone or cut short, all its chunks together. */
function groupDamages(chunks: ReadonlyMap<Digest, BlobDamage>, hurt: HurtFiles): ImageDamage[] {
  const damages: ImageDamage[] = [];
  const byPack = new Map<string, { damage: BlobDamage; chunks: number; files: Set<string> }>();
  for (const [chunk, damage] of chunks) {
    const { code, message, pack } = damage;
    const files = hurt.byChunk.get(chunk) ?? [];
    if (code === 'chunk_corrupt') {
      damages.push({ code, message, files, pack });
      continue;
    }
    const key = `${code} ${pack}`;
    const group = byPack.get(key) ?? { damage, chunks: 0, files: new Set<string>() };
    byPack.set(key, group);
    group.chunks += 1;
    for (const file of files) group.files.add(file);
  }
  for (const { damage, chunks: count, files } of byPack.values()) {
    const { code, pack } = damage;
    const message = `${damage.message}; it hurts ${count} chunks`;
    damages.push({ code, message, files: [...files], pack });
  }
  return damages;
}

function damageOf(error: unknown): ImageDamage {
  if (!(error instanceof AshlarError)) throw error;
  if (hasCode(error, 'store_unreachable', 'interrupted')) throw error;
  const { code } = error;
  const { pack } = error.data;
  const isPack = typeof pack === 'string' && isDigest(pack);
  return { code, message: error.message, files: [], pack: isPack ? pack : null };
}
