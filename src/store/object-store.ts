/** What is known of an object without reading it. `modifiedMs` is only as fine as the store's clock (S3: seconds). */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export interface ReadOptions {
  /** Ends the read with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface GetOptions extends ReadOptions {
  /** The largest object accepted. Default `defaultMaxBytes`. */
  readonly maxBytes?: number;
}

export interface OpenReadOptions extends ReadOptions {
  /** Where to begin. Default 0. */
  readonly offset?: number;
  /** How many bytes to read. Default: all to the end. */
  readonly lengthBytes?: number;
}

/**
 * An object that is being read: its bytes in pieces, to be iterated once. What it holds (a file, a connection) is let go
 * at the end of the iteration, or when disposed.
 */
export interface ObjectRead extends AsyncIterable<Buffer>, AsyncDisposable {
  /** Of the whole object. */
  readonly info: ObjectInfo;
}

export interface PutFileOptions {
  /**
   * `kept` (the default): the file stays the caller's in every way, and the object is a copy. `given`: nobody writes to the
   * file any more, by whatever name or handle; the object may be the same inode, with mode and time of its own. The
   * caller still removes its name.
   */
  readonly file?: 'kept' | 'given';
  /** Ends the call with the signal's reason; the object is then there whole or not at all. */
  readonly signal?: AbortSignal;
}

/** The cap of `get` where the caller names none, and of the length that `getRange` takes: 64 MiB. */
export const defaultMaxBytes = 64 * 1024 * 1024;

/**
 * A flat space of whole objects, named by keys (see `object-key.ts`; `object_key_invalid` otherwise). An
 * object is never at the same time the folder of others: who stores `a` stores no `a/b`.
 *
 * Failures of all operations: `store_unreachable` (network, credentials, a directory that went away) and
 * `object_not_a_file` (a folder or symbolic link in an object's place); of those that write also
 * `store_full` and `store_read_only`. Buffers given out are the caller's own; bytes handed in must not
 * change until the call returns.
 */
export interface ObjectStore {
  /** Where the objects are, without secrets. */
  readonly url: string;

  /** The whole object; `object_missing` where there is none, `object_too_large` above `maxBytes`. */
  get(key: string, options?: GetOptions): Promise<Buffer>;

  /**
   * Exactly `lengthBytes` (0 to 64 MiB) from `offset`; `object_truncated` where the object ends before that,
   * `object_missing` where there is none.
   */
  getRange(
    key: string,
    offset: number,
    lengthBytes: number,
    options?: ReadOptions,
  ): Promise<Buffer>;

  /**
   * Opens the object, of any size, for reading from one end of a range to the other, in pieces of at most 256 KiB and at
   * the reader's pace. `object_missing` where there is none, `object_truncated` where it ends before the range. All bytes
   * are of one version: an object that is replaced or deleted meanwhile is read on as it was, or the iteration throws
   * `object_missing`. It never ends before the last byte without an error.
   */
  openRead(key: string, options?: OpenReadOptions): Promise<ObjectRead>;

  head(key: string): Promise<ObjectInfo | null>;

  /**
   * Stores the object if its key is free; atomic, and durable when it returns, also when it returns `exists`.
   * Of writers that race for a key exactly one gets `created`. After a failure the object is there whole or not
   * at all.
   */
  put(key: string, bytes: Uint8Array): Promise<'created' | 'exists'>;

  /**
   * As `put`, with the bytes of the regular file at `path`, of any size, which are not held in memory. `internal` where
   * that file cannot be read, or has another length at the end than at the start.
   */
  putFile(key: string, path: string, options?: PutFileOptions): Promise<'created' | 'exists'>;

  /** Sets a mutable reference: readers see the old object or the new one, whole. Durable when it returns. */
  replace(key: string, bytes: Uint8Array): Promise<void>;

  /**
   * All objects whose key starts with `prefix` (which may end inside a segment; `''` for all), by byte order of
   * the keys. What writers have under way never shows, nor do names that are no keys. Objects stored or deleted
   * meanwhile may or may not show. What stands in the place of an object without being one shows with 0 bytes.
   */
  list(prefix: string): AsyncIterable<ObjectInfo>;

  /** Removes the object; no error where there is none. */
  delete(key: string): Promise<void>;
}
