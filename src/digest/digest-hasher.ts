import { Blake3Hasher } from '@napi-rs/blake-hash';
import { asBuffer } from '../bytes/as-buffer.ts';
import { type Digest, digestFromBytes } from './digest.ts';

/** Digests bytes that come in pieces. */
export interface DigestHasher {
  update(bytes: Uint8Array | string): void;
  /** The digest of all that came; nothing may come afterwards. */
  digest(): Digest;
}

export function createDigestHasher(): DigestHasher {
  const hasher = new Blake3Hasher();
  return {
    update(bytes) {
      hasher.update(typeof bytes === 'string' ? bytes : asBuffer(bytes));
    },
    digest: () => digestFromBytes(hasher.digestBuffer()),
  };
}
