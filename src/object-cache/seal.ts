import { createHash } from 'node:crypto';

/** The SHA-256 behind the bytes of an object whose key does not tell what they are. */
export const sealBytes = 32;

export function sealed(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, digestOf(bytes)]);
}

/** The bytes without their seal; null where it is not theirs. */
export function unsealed(object: Buffer): Buffer | null {
  if (object.length < sealBytes) return null;
  const bytes = object.subarray(0, -sealBytes);
  return digestOf(bytes).equals(object.subarray(-sealBytes)) ? bytes : null;
}

function digestOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
