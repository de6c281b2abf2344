import { openArchive } from '../archive/open-archive.ts';
import type { ImageSource } from '../image-source.ts';
import type { Origin } from '../origin.ts';
import type { Platform } from '../platform.ts';
import { resolveImage } from '../resolve-image.ts';
import { directoryFiles } from './directory-files.ts';
import { chooseLayoutEntry, layoutProvider, readLayoutIndex } from './oci-layout.ts';
import type { SourceFiles } from './source-files.ts';

export interface LayoutSourceOptions {
  readonly path: string;
  readonly tag: string | null;
  readonly platform: Platform;
  readonly tmpDir: string;
  readonly signal?: AbortSignal | undefined;
}

/** The image of an OCI layout directory. Throws the codes of `openImageSource`. */
export async function openOciDirectory(options: LayoutSourceOptions): Promise<ImageSource> {
  const origin = originOf('oci', options);
  const image = await readLayoutImage(directoryFiles(options.path), origin, options);
  return { ...image, async [Symbol.asyncDispose]() {} };
}

/** The image of an OCI layout that is packed into one tar. */
export async function openOciArchive(options: LayoutSourceOptions): Promise<ImageSource> {
  const origin = originOf('oci-archive', options);
  const { tmpDir, signal } = options;
  await using opening = new AsyncDisposableStack();
  const archive = opening.use(await openArchive(options.path, { origin, tmpDir, signal }));
  const image = await readLayoutImage(archive, origin, options);
  const held = opening.move();
  return { ...image, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** What an image layout of any kind holds, but for its disposal. */
export async function readLayoutImage(
  files: SourceFiles,
  origin: Origin,
  { tag, platform, signal }: Pick<LayoutSourceOptions, 'tag' | 'platform' | 'signal'>,
): Promise<Omit<ImageSource, typeof Symbol.asyncDispose>> {
  const index = await readLayoutIndex(files, origin, signal);
  const entry = chooseLayoutEntry(index, { tag, platform, origin });
  const provider = layoutProvider(files, origin);
  const bytes = await provider.readManifest(entry, signal);
  const { mediaType, digest } = entry;
  const image = await resolveImage(provider, { bytes, mediaType, digest }, { platform, signal });
  return { description: origin.description, resolvedDigest: digest, ...image };
}

function originOf(kind: string, { path, tag }: LayoutSourceOptions): Origin {
  const description = `${kind}:${path}${tag === null ? '' : `:${tag}`}`;
  return { description, corruptCode: 'source_corrupt' };
}
