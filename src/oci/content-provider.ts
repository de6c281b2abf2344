import type { Descriptor } from './manifest.ts';
import type { Origin } from './origin.ts';

/** Where the parts of one image are: a registry's repository, or an image layout. */
export interface ContentProvider {
  readonly origin: Origin;
  /** A whole manifest or index, verified. */
  readManifest(descriptor: Descriptor, signal?: AbortSignal): Promise<Buffer>;
  /** A whole small blob, verified. The caller has checked `sizeBytes` against its cap. */
  readBlob(descriptor: Descriptor, signal?: AbortSignal): Promise<Buffer>;
  /** The bytes of a blob as kept; size and digest are checked by the reader. */
  openBlob(descriptor: Descriptor, signal: AbortSignal): AsyncIterable<Buffer>;
}
