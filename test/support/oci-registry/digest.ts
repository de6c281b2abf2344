import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { type Bytes, pieces } from './bytes.ts';

/** Algorithms of content digests (OCI image specification, descriptor.md, "Registered Algorithms"). */
export type Algorithm = 'sha256' | 'sha512';

export function digestOf(bytes: Buffer, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** Of any amount, without holding up other work; with the CRC-32 of gzip. */
export async function streamDigest(
  bytes: Bytes,
  algorithm: Algorithm = 'sha256',
): Promise<{ readonly digest: string; readonly crc: number }> {
  const hash = createHash(algorithm);
  let crc = 0;
  for (const piece of pieces(bytes, 1024 * 1024)) {
    hash.update(piece);
    crc = crc32(piece, crc);
    await turn();
  }
  return { digest: `${algorithm}:${hash.digest('hex')}`, crc };
}

export function isDigest(text: string): boolean {
  return /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
}
