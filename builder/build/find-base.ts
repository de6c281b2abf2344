import {
  AshlarError,
  createFileTree,
  type Digest,
  digestOf,
  findTag,
  type ImageConfig,
  type ImageSource,
  isDigest,
  layoutVersion,
  resolveImage,
  setTag,
  type Tag,
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
 * The stored image that a FROM or COPY --from names: by its digest (`blake3:...`), by a tag of the store, else the
 * registry's, which is imported once for each digest and keeps its name as a tag. Throws `base_not_found` and the codes of
 * the registry.
 */
export async function findBase(reference: string, options: FindBaseOptions): Promise<Digest> {
  const { session } = options;
  const { objects } = session.imageStore;
  if (isDigest(reference)) return findStored(reference, session);
  const tag =
    options.pull === 'always'
      ? null
      : await session.ledger.span('cache', reference, () => findTag(objects, reference));
  if (tag !== null) return findTagged(tag, reference, session);
  const digest = await importBase(reference, options).catch((error: unknown) => {
    throw options.pull === 'always' ? error : inNeitherPlace(reference, error);
  });
  session.emit({ kind: 'base', reference, digest, from: 'registry' });
  if (!reference.includes('@')) {
    const nowMs = session.nowMs();
    await session.ledger.span('upload', reference, () =>
      setTag(objects, { name: reference, image: digest, nowMs }),
    );
  }
  return digest;
}

async function findTagged(
  { name, image }: Tag,
  reference: string,
  session: BuildSession,
): Promise<Digest> {
  await checkStored(image, session, {
    message: `the tag ${name} names the image ${image}, which is not in the store any more`,
    hint: `Build or import ${name} again, or give the name up with \`ashlar image rm ${name}\`: then the registry is asked, as with --pull.`,
  });
  session.emit({ kind: 'base', reference, digest: image, from: 'store' });
  return image;
}

async function findStored(digest: Digest, session: BuildSession): Promise<Digest> {
  await checkStored(digest, session, {
    message: `the store has no image ${digest}`,
    hint: '`ashlar image ls --all` lists the digests of the store; registries do not know them.',
  });
  session.emit({ kind: 'base', reference: digest, digest, from: 'store' });
  return digest;
}

/** Throws `base_not_found` with these words for an image that is not in the store. */
async function checkStored(
  image: Digest,
  { imageStore, ledger }: BuildSession,
  { message, hint }: { message: string; hint: string },
): Promise<void> {
  try {
    await ledger.span('cache', image, () => resolveImage(imageStore.objects, image));
  } catch (error) {
    if (!(error instanceof AshlarError) || error.code !== 'image_not_found') throw error;
    throw new AshlarError('base_not_found', message, { data: { image }, cause: error, hint });
  }
}

/** A name without a host may as well be meant for the store: both answers are told. */
function inNeitherPlace(reference: string, error: unknown): unknown {
  const isRegistrys =
    error instanceof AshlarError &&
    (error.code === 'base_not_found' || error.code.startsWith('registry_'));
  if (!isRegistrys || /^[^/]*[.:][^/]*\//.test(reference)) return error;
  return new AshlarError(
    error.code,
    `the store has no image ${reference}, and the registry: ${error.message}`,
    {
      data: error.data,
      cause: error,
      hint: `If ${reference} is to come from the store, look at its name in \`ashlar image ls\`. Else: ${error.hint}`,
    },
  );
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
