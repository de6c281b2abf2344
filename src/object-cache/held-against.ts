import { createHash } from 'node:crypto';
import type { AshlarError } from '../errors/ashlar-error.ts';
import type { ExpectedDigest } from './object-cache.ts';

/** The same pieces, the last of them only when all have the digest; else what `onDamage` gives is thrown. */
export async function* heldAgainst(
  pieces: AsyncIterable<Buffer>,
  { algorithm, hex }: ExpectedDigest,
  onDamage: (problem: string) => Promise<AshlarError>,
): AsyncGenerator<Buffer> {
  const hash = createHash(algorithm);
  let held: Buffer | null = null;
  for await (const piece of pieces) {
    hash.update(piece);
    if (held !== null) yield held;
    held = piece;
  }
  const found = hash.digest('hex');
  if (found !== hex) throw await onDamage(`has the ${algorithm} ${found}, not ${hex}`);
  if (held !== null) yield held;
}
