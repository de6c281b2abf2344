import { createHash } from 'node:crypto';

/** A number from 0 to 1, without 1, that depends on the text alone. */
export function drawLot(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
