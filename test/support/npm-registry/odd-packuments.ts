import type { Packument } from './packument.ts';

/** The text of a well-formed packument of about `sizeBytes`, in parts: what is too much of it is its readme. */
export function* hugePackument(sizeBytes: number): Generator<Buffer> {
  yield Buffer.from('{"_id":"huge","name":"huge","dist-tags":{},"versions":{},"readme":"');
  const part = Buffer.alloc(64 * 1024, 'much ');
  for (let sent = 0; sent < sizeBytes; sent += part.length) yield part;
  yield Buffer.from('"}');
}

/** A packument whose `contributors` are arrays in arrays. */
export function nestedPackument(name: string, depth: number): Buffer {
  const head = `{"name":${JSON.stringify(name)},"dist-tags":{},"versions":{},"contributors":`;
  return Buffer.from(`${head}${'['.repeat(depth)}${']'.repeat(depth)}}`);
}

/** The same packument, said to be another package's. */
export function renamedPackument(packument: Buffer, name: string): Buffer {
  const parsed = JSON.parse(packument.toString()) as Packument;
  return Buffer.from(JSON.stringify({ ...parsed, _id: name, name }));
}
