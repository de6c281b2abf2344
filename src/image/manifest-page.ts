import { type Digest, digestBytes, digestFromBytes } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';

/** Chunks that a page of the manifest covers: 64 MiB of the disk. */
export const pageChunks = 1024;

const magic = 'ASHLARMP';
const bitmapBytes = pageChunks / 8;
const headerBytes = 8 + bitmapBytes;

/** Digests by position in the page; positions that are not there are chunks of zeros. */
export type ManifestPage = ReadonlyMap<number, Digest>;

/**
 * Encodes a page of the manifest: magic 8, a bitmap of the chunks that are not all zeros 128 (bit n of byte m stands for
 * chunk 8m + n), then 32 bytes of digest for each of them in order.
 */
export function encodeManifestPage(page: ManifestPage): Buffer {
  const positions = [...page.keys()].toSorted((left, right) => left - right);
  const bytes = Buffer.alloc(headerBytes + positions.length * 32);
  bytes.write(magic, 'latin1');
  positions.forEach((position, index) => {
    const at = 8 + (position >> 3);
    bytes.writeUInt8(bytes.readUInt8(at) | (1 << (position & 7)), at);
    const digest = page.get(position);
    if (digest !== undefined) digestBytes(digest).copy(bytes, headerBytes + index * 32);
  });
  return bytes;
}

/** Decodes a page; its map is in the order of positions. Throws `manifest_corrupt` when it is not one. */
export function decodeManifestPage(bytes: Buffer): ManifestPage {
  if (bytes.length < headerBytes || bytes.toString('latin1', 0, 8) !== magic) {
    throw new AshlarError(
      'manifest_corrupt',
      'a page of the manifest is damaged: it has no header',
    );
  }
  const page = new Map<number, Digest>();
  let at = headerBytes;
  for (let position = 0; position < pageChunks; position += 1) {
    if ((bytes.readUInt8(8 + (position >> 3)) & (1 << (position & 7))) === 0) continue;
    if (at + 32 > bytes.length) throw wrongLength();
    page.set(position, digestFromBytes(bytes, at));
    at += 32;
  }
  if (at !== bytes.length) throw wrongLength();
  return page;
}

/** The number of a digest of 32 bytes among those of an encoded page; null where it is not among them. */
export function findInManifestPage(bytes: Buffer, digest: Buffer): number | null {
  for (let at = bytes.indexOf(digest, headerBytes); at >= 0; at = bytes.indexOf(digest, at + 1))
    if ((at - headerBytes) % 32 === 0) return (at - headerBytes) / 32;
  return null;
}

function wrongLength(): AshlarError {
  return new AshlarError(
    'manifest_corrupt',
    'a page of the manifest is damaged: its length is wrong',
  );
}
