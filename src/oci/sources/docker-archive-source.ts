import { openArchive } from '../archive/open-archive.ts';
import type { ImageSource } from '../image-source.ts';
import type { Origin } from '../origin.ts';
import type { Platform } from '../platform.ts';
import { familiarReference, type ImageReference } from '../reference.ts';
import { readDockerArchive } from './docker-archive.ts';

export interface DockerArchiveSourceOptions {
  readonly path: string;
  readonly image: ImageReference | null;
  readonly platform: Platform;
  readonly tmpDir: string;
  readonly signal?: AbortSignal | undefined;
}

/** One image of a `docker save` archive. Throws the codes of `openImageSource`. */
export async function openDockerArchive(options: DockerArchiveSourceOptions): Promise<ImageSource> {
  const { path, image, platform, tmpDir, signal } = options;
  const name = image === null ? '' : `:${familiarReference(image)}`;
  const origin: Origin = {
    description: `docker-archive:${path}${name}`,
    corruptCode: 'source_corrupt',
  };
  await using opening = new AsyncDisposableStack();
  const archive = opening.use(await openArchive(path, { origin, tmpDir, signal }));
  const saved = await readDockerArchive(archive, { origin, image, platform, signal });
  const held = opening.move();
  return { ...saved, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
