import { blake3 } from '@napi-rs/blake-hash';
import { asBuffer } from '../bytes/as-buffer.ts';
import { AshlarError } from '../errors/ashlar-error.ts';

declare const digestBrand: unique symbol;

/** BLAKE3-256 of plain bytes, written `blake3:` and 64 lower-case hex digits. */
export type Digest = string & { readonly [digestBrand]: true };

const prefix = 'blake3:';
const pattern = /^blake3:[0-9a-f]{64}$/;

export function digestOf(bytes: Uint8Array): Digest {
  return (prefix + blake3(asBuffer(bytes)).toString('hex')) as Digest;
}

/** Reads a digest from text; throws `invalid_request` when it is not one. */
export function parseDigest(text: string): Digest {
  if (!pattern.test(text)) {
    throw new AshlarError(
      'invalid_request',
      `not a digest: ${JSON.stringify(text.slice(0, 100))}`,
      {
        hint: 'Write a digest as blake3: and 64 lower-case hex digits.',
      },
    );
  }
  return text as Digest;
}

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** The 64 hex digits alone, as used in object names. */
export function digestHex(digest: Digest): string {
  return digest.slice(prefix.length);
}

/** The 32 raw bytes, as used in binary formats. */
export function digestBytes(digest: Digest): Buffer {
  return Buffer.from(digest.slice(prefix.length), 'hex');
}

/** Reads 32 raw bytes at `offset`. */
export function digestFromBytes(bytes: Buffer, offset = 0): Digest {
  return (prefix + bytes.toString('hex', offset, offset + 32)) as Digest;
}
