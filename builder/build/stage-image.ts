import {
  AshlarError,
  deriveImage,
  type Digest,
  digestOf,
  digestWithConfig,
  type FileTree,
  type ImageConfig,
  type Json,
  layoutVersion,
  loadTree,
  type LoadedTree,
  openImage,
  type OpenImage,
  writeImage,
} from '../../src/index.ts';
import type { BuildSession } from './build-session.ts';

/**
 * The files of a stage as they are after its latest step. The config of the stage is its own matter: an image with the
 * same files and another config costs nothing until somebody needs it to exist.
 */
export interface StageImage {
  /** The stored image that has these files. */
  readonly image: OpenImage;
  /** The digest of the image with these files and this config, whether it exists or not. */
  digestWith(config: ImageConfig): Digest;
  /** The files, to be looked at or changed; changes count from the next `commit` on. */
  tree(): Promise<FileTree>;
  /** Stores the changed tree with this config as the stage's image. */
  commit(config: ImageConfig, provenance: Json): Promise<Digest>;
  /** Goes on from a stored image, the result of a step that was known. */
  adopt(digest: Digest): Promise<void>;
  /** Makes the image with these files and this config exist. */
  publish(config: ImageConfig, provenance: Json): Promise<Digest>;
}

/** Begins with the stored image `base`, laid out anew should it have another disk size than is wanted. */
export async function createStageImage(
  session: BuildSession,
  base: Digest,
  diskBytes: number | undefined,
): Promise<StageImage> {
  const { imageStore, writer } = session;
  let image = await session.ledger.span('cache', base, () => openImage(imageStore, base));
  let loaded: LoadedTree | undefined;
  const load = async (): Promise<LoadedTree> => {
    loaded ??= await session.ledger.span('tree', image.digest, async () => {
      writer.know(await image.locations());
      return loadTree(imageStore, image);
    });
    return loaded;
  };
  const commit = async (config: ImageConfig, provenance: Json): Promise<Digest> => {
    const { tree, knownBins } = await load();
    const size = diskBytes ?? image.root.diskBytes;
    const input = { tree, config, diskBytes: size, provenance, writer, knownBins };
    return session.ledger.span('layout', 'image', async () => {
      const { digest } = await writeImage(imageStore, input);
      image = await openImage(imageStore, digest);
      return digest;
    });
  };
  if (diskBytes !== undefined && image.root.diskBytes !== diskBytes) {
    const { stepResults } = session;
    const key = digestOf(Buffer.from(`resize ${layoutVersion} ${diskBytes} ${base}`, 'utf8'));
    const known = await session.ledger.span('cache', key, () => stepResults.find(key));
    if (known !== null) image = await openImage(imageStore, known);
    else {
      await recordStep(session, [key], await commit(image.root.config, { kind: 'resize', base }));
    }
  }
  return {
    get image() {
      return image;
    },
    digestWith: (config) => digestWithConfig(image.root, config),
    tree: async () => (await load()).tree,
    commit,
    async adopt(digest) {
      image = await openImage(imageStore, digest);
      loaded = undefined;
    },
    publish: (config, provenance) =>
      session.ledger.span('upload', image.digest, () =>
        deriveImage(imageStore, image, { config, provenance }),
      ),
  };
}

/**
 * Goes on from the known result of a step, if there is one and it may be used. One that was collected meanwhile, or that
 * is damaged where it has to be read, counts as unknown: the step then runs again and stores it anew.
 */
export async function adoptKnown(
  session: BuildSession,
  target: StageImage,
  key: Digest,
): Promise<boolean> {
  if (session.cache === 'ignore') return false;
  return session.ledger.span('cache', key, async () => {
    const known = await session.stepResults.find(key);
    if (known === null) return false;
    try {
      await target.adopt(known);
      return true;
    } catch (error) {
      const codes = ['image_not_found', 'manifest_corrupt'];
      if (error instanceof AshlarError && codes.includes(error.code)) return false;
      throw error;
    }
  });
}

/** Remembers what a step gave, under all keys that it can be asked for by. */
export async function recordStep(
  session: BuildSession,
  keys: readonly Digest[],
  image: Digest,
): Promise<void> {
  await session.ledger.span('upload', image, async () => {
    for (const key of keys) await session.stepResults.record(key, image);
  });
}
