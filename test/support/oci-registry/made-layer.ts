import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Bytes, bytesOf, noise, whole } from './bytes.ts';
import { type Algorithm, streamDigest } from './digest.ts';
import { storedGzip, storedZstd } from './stored-blocks.ts';
import { tarBytes } from './tar-bytes.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

export interface LayerRecipe {
  /** The same seed and size give the same bytes. */
  readonly seed: string;
  /** A name of its folder in the image. */
  readonly name: string;
  /** Of its files' contents. */
  readonly sizeBytes: number;
  readonly compression: Compression;
  /** `noise` does not compress and is made while it is read; `text` compresses to about half and is held in memory. */
  readonly content: 'noise' | 'text';
  readonly algorithm: Algorithm;
}

export interface MadeLayer {
  readonly digest: string;
  /** Of the tar archive, always sha256. */
  readonly diffId: string;
  readonly bytes: Bytes;
}

/** A layer that container engines unpack: a folder with a text, a link to it, and two files that make up the size. */
export async function makeLayer(recipe: LayerRecipe): Promise<MadeLayer> {
  const { seed, name, sizeBytes } = recipe;
  const quarter = Math.floor(sizeBytes / 4);
  const root = `opt/${name}`;
  const readme = bytesOf(Buffer.from(`Layer ${name} of seed ${seed}.\n`));
  const tar = tarBytes([
    { path: 'opt/', type: 'directory' },
    { path: `${root}/`, type: 'directory' },
    { path: `${root}/README`, type: 'file', content: readme },
    { path: `${root}/link`, type: 'symlink', target: 'README' },
    { path: `${root}/small.bin`, type: 'file', content: fill(recipe, quarter) },
    { path: `${root}/large.bin`, type: 'file', content: fill(recipe, sizeBytes - quarter) },
  ]);
  const plain = await streamDigest(tar);
  const bytes = compress(recipe, tar, plain.crc);
  const { digest } = await streamDigest(bytes, recipe.algorithm);
  return { digest, diffId: plain.digest, bytes };
}

function fill({ seed, content }: LayerRecipe, sizeBytes: number): Bytes {
  if (content === 'noise') return noise(seed, sizeBytes);
  const text = whole(noise(seed, Math.ceil(sizeBytes / 2))).toString('hex');
  return bytesOf(Buffer.from(text.slice(0, sizeBytes), 'latin1'));
}

function compress({ compression, content }: LayerRecipe, tar: Bytes, crc: number): Bytes {
  switch (compression) {
    case 'none':
      return tar;
    case 'gzip':
      return content === 'noise' ? storedGzip(tar, crc) : bytesOf(gzipSync(whole(tar)));
    case 'zstd':
      return content === 'noise' ? storedZstd(tar) : bytesOf(zstdCompressSync(whole(tar)));
  }
}
