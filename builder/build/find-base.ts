import {
  AshlarError,
  createFileTree,
  type Digest,
  digestOf,
  findTag,
  type ImageConfig,
  type ImageSource,
  layoutVersion,
  setTag,
  writeImage,
} from '../../src/index.ts';
import { importImage } from '../import/import-image.ts';
import type { BuildSession } from './build-session.ts';

/** Opens an image of a registry; the caller disposes it. */
export type OpenRegistryImage = (reference: string, signal: AbortSignal) => Promise<ImageSource>;

export interface FindBaseOptions {
  readonly session: BuildSession;
  readonly openRegistryImage: OpenRegistryImage;
  /** `always` asks the registry even when the store has the name. */
  readonly pull: 'if-missing' | 'always';
  /** Size for images that come from a registry. */
  readonly diskBytes: number;
  readonly tempDir: string;
}

/**
 * The stored image that a FROM or COPY --from names: a tag of the store, else the registry's, which is imported once for
 * each digest and keeps its name as a tag. Throws `base_not_found` and the codes of the registry.
 */
export async function findBase(reference: string, options: FindBaseOptions): Promise<Digest> {
  const { session } = options;
  const { objects } = session.imageStore;
  const tag =
    options.pull === 'always'
      ? null
      : await session.ledger.span('cache', reference, () => findTag(objects, reference));
  if (tag !== null) {
    session.emit({ kind: 'base', reference, digest: tag.image, from: 'store' });
    return tag.image;
  }
  const digest = await importBase(reference, options);
  session.emit({ kind: 'base', reference, digest, from: 'registry' });
  if (!reference.includes('@')) {
    const nowMs = session.nowMs();
    await session.ledger.span('upload', reference, () =>
      setTag(objects, { name: reference, image: digest, nowMs }),
    );
  }
  return digest;
}

async function importBase(reference: string, options: FindBaseOptions): Promise<Digest> {
  const { session, diskBytes, tempDir } = options;
  await using source = await session.ledger.span('source', reference, () =>
    options.openRegistryImage(reference, session.signal),
  );
  const { manifestDigest } = source;
  if (manifestDigest === null)
    throw new AshlarError('internal', `${reference} has no manifest digest`);
  const key = digestOf(
    Buffer.from(`import ${layoutVersion} ${diskBytes} ${manifestDigest}`, 'utf8'),
  );
  const known = await session.ledger.span('cache', key, () => session.stepResults.find(key));
  if (known !== null) return known;
  const { imageStore, ledger, signal } = session;
  const written = await importImage({ imageStore, source, diskBytes, tempDir, ledger, signal });
  await ledger.span('upload', key, () => session.stepResults.record(key, written.digest));
  return written.digest;
}

/** The image that FROM scratch begins with: an empty root directory. */
export async function scratchBase(
  session: BuildSession,
  config: ImageConfig,
  diskBytes: number,
): Promise<Digest> {
  const key = digestOf(
    Buffer.from(`scratch ${layoutVersion} ${diskBytes} ${JSON.stringify(config)}`, 'utf8'),
  );
  const known = await session.ledger.span('cache', key, () => session.stepResults.find(key));
  if (known !== null) return known;
  const tree = createFileTree({
    type: 'directory',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: { sec: 0, nsec: 0 },
    xattrs: [],
  });
  const { imageStore, writer } = session;
  const provenance = { kind: 'scratch' };
  return session.ledger.span('layout', 'scratch', async () => {
    const written = await writeImage(imageStore, { tree, config, diskBytes, provenance, writer });
    await session.stepResults.record(key, written.digest);
    return written.digest;
  });
}
