import type { ImageSource } from '../../../src/oci/image-source.ts';

/** The tar of the layer with that number, from 0. */
export function openLayer(
  source: ImageSource,
  number = 0,
  signal?: AbortSignal,
): AsyncIterable<Buffer> {
  const layer = source.layers[number];
  if (layer === undefined) throw new Error(`there is no layer ${number}`);
  return layer.open(signal);
}
