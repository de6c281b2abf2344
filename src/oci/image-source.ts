import type { OciImageConfig } from './image-config.ts';
import type { OciDigest } from './oci-digest.ts';

/**
 * A container image from outside, whatever it is kept in. Everything it hands out is verified against the
 * digests of the image; nothing is on the disk of this machine that was not there before, but for the
 * decompressed form of a compressed archive, which disposal removes. Dispose it after use.
 */
export interface ImageSource extends AsyncDisposable {
  /** For messages: `docker://host/repository:tag@sha256:...`, `oci:DIR:tag`, `tar:FILE`, ... */
  readonly description: string;
  /** What the tag or digest asked for led to: an image manifest or an index. Null where there is none. */
  readonly resolvedDigest: OciDigest | null;
  /** Of the image for the platform asked for; null for plain tars and for `docker save` archives. */
  readonly manifestDigest: OciDigest | null;
  /** Null for a plain tar. */
  readonly config: OciImageConfig | null;
  /** The lowest first. */
  readonly layers: readonly ImageLayer[];
}

export interface ImageLayer {
  /** Of the bytes as kept, compressed or not; null where nothing names them. */
  readonly digest: OciDigest | null;
  /** Of the uncompressed tar; null for a plain tar. */
  readonly diffId: OciDigest | null;
  /** Of the bytes as kept. */
  readonly sizeBytes: number | null;
  /** As the image says; `detect` where it does not say. */
  readonly compression: 'none' | 'gzip' | 'zstd' | 'detect';
  /**
   * The bytes of the uncompressed tar. Size and digest of the kept bytes and the diffId are verified on the
   * way; on any mismatch the stream throws instead of ending, so what was read is to be used for good only
   * after the end. Nothing is fetched or decompressed ahead of the reader but a buffer or two. Can be called
   * again until the source is disposed, and several layers can be open at a time: of a registry, fewer than the
   * client has connections (8 by default).
   *
   * Throws the abort reason, `registry_corrupt` or `source_corrupt` (wrong, damaged, truncated or surplus
   * bytes, with layer and offset), and for registries the codes of `RegistryClient.openBlob`.
   */
  open(signal?: AbortSignal): AsyncIterable<Buffer>;
}
