import { openSourceFile } from '../archive/open-archive.ts';
import { readSection } from '../archive/read-section.ts';
import type { ImageSource } from '../image-source.ts';
import { createImageLayer } from '../layers/image-layer.ts';
import type { Origin } from '../origin.ts';

/** One tar, compressed or not, as an image of one layer about which nothing is known. */
export async function openTarSource(path: string): Promise<ImageSource> {
  const origin: Origin = { description: `tar:${path}`, corruptCode: 'source_corrupt' };
  const file = await openSourceFile(path, origin);
  const { size } = await file.stat();
  const layer = createImageLayer({
    name: 'the tar',
    origin,
    digest: null,
    diffId: null,
    sizeBytes: size,
    compression: 'detect',
    openKept: (signal) => readSection(file, { offsetBytes: 0, sizeBytes: size, signal }),
  });
  return {
    description: origin.description,
    resolvedDigest: null,
    manifestDigest: null,
    config: null,
    layers: [layer],
    [Symbol.asyncDispose]: () => file.close(),
  };
}
