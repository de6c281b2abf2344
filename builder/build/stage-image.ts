import {
  AshlarError,
  deriveImage,
  type Digest,
  digestOf,
  digestWithConfig,
  type EditableTree,
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
import { type Commit, patchSibling } from './patch-sibling.ts';
import { createStageFiles } from './stage-files.ts';
import { extendStretches, type Stretch, stretchKeyOf } from './stretch.ts';

/**
 * The files of a stage as they are after its latest step. The config of the stage is its own matter: an image with the
 * same files and another config costs nothing until somebody needs it to exist.
 */
export interface StageImage {
  /** The stored image that has these files. */
  readonly image: OpenImage;
  /** The digest of the image with these files and this config, whether it exists or not. */
  digestWith(config: ImageConfig): Digest;
  /** The files, to be looked at or changed path by path; changes count from the next `commit` on. */
  readonly files: EditableTree;
  /** The whole of them in memory, to be changed in any way. */
  tree(): Promise<FileTree>;
  /** Stores the changed files with this config as the stage's image. */
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
  const load = (stored: OpenImage): Promise<LoadedTree> =>
    session.ledger.span('tree', stored.digest, async () => {
      writer.know(await stored.locations());
      return loadTree(imageStore, stored);
    });
  let files = createStageFiles(image, load);
  let stretches: readonly Stretch[] = [];
  const layOut = async (commit: Commit): Promise<Digest> => {
    const { tree, knownBins } = await files.loaded();
    const size = diskBytes ?? image.root.diskBytes;
    const input = { tree, ...commit, diskBytes: size, writer, knownBins };
    return session.ledger.span('layout', 'image', async () => {
      const { digest } = await writeImage(imageStore, input);
      return digest;
    });
  };
  const commit = async (config: ImageConfig, provenance: Json): Promise<Digest> => {
    const { puts } = files;
    stretches = puts === undefined ? [] : extendStretches(stretches, { root: image.root, puts });
    const keys = stretches.map(stretchKeyOf);
    const ways = { stretches, keys, diskBytes: diskBytes ?? image.root.diskBytes };
    const digest =
      (await patchSibling(session, ways, { config, provenance })) ??
      (await layOut({ config, provenance }));
    await recordStep(session, keys, digest);
    image = await openImage(imageStore, digest);
    files.settle(image);
    return digest;
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
    get files() {
      return files;
    },
    tree: () => files.tree(),
    commit,
    async adopt(digest) {
      image = await openImage(imageStore, digest);
      files = createStageFiles(image, load);
      stretches = [];
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
    await Promise.all(keys.map((key) => session.stepResults.record(key, image)));
  });
}
