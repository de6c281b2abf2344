import { createHash } from 'node:crypto';
import { AshlarError } from '../../src/index.ts';
import type { ExpectedDigest } from './mirror-cache.ts';

/** The same pieces, the last of them only when all have the digest; else `onDamage`, and `cache_damaged` is thrown. */
export async function* heldAgainst(
  pieces: AsyncIterable<Buffer>,
  { algorithm, hex }: ExpectedDigest,
  onDamage: () => Promise<void>,
): AsyncGenerator<Buffer> {
  const hash = createHash(algorithm);
  let held: Buffer | null = null;
  for await (const piece of pieces) {
    hash.update(piece);
    if (held !== null) yield held;
    held = piece;
  }
  if (hash.digest('hex') !== hex) {
    await onDamage();
    throw new AshlarError('cache_damaged', `the bytes kept in the cache are not those of ${hex}`);
  }
  if (held !== null) yield held;
}
