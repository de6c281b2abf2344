import { connectS3, type S3Connection, type S3StoreOptions } from './s3-client.ts';
import { startDeadline } from '../flow/deadline.ts';
import { rethrowNamed, type S3Access, s3TimedOut } from './s3-errors.ts';
import { formatS3Url, type S3Location } from './store-url.ts';

export interface OperateOptions {
  /** Its reason comes out as it is. */
  readonly signal?: AbortSignal | undefined;
  /** What is sent: a second for each MiB is added to `totalMs`. */
  readonly sizeBytes?: number;
}

/** A place in a bucket, and the way to ask things of it. */
export interface S3Target extends S3Connection {
  readonly url: string;
  readonly bucket: string;
  readonly prefix: string;
  /** The parameters that name the object of a key. */
  objectOf(key: string): { readonly Bucket: string; readonly Key: string };
  /**
   * Runs one operation, which may be several requests, within `totalMs`. The SDK's failures come out with a code.
   */
  operate<T>(
    action: S3Access['action'],
    work: (signal: AbortSignal) => Promise<T>,
    options?: OperateOptions,
  ): Promise<T>;
}

/** 1 MiB in a second. */
const slowestBytesPerMs = (1024 * 1024) / 1000;

export async function openS3Target(
  location: S3Location,
  options: S3StoreOptions,
): Promise<S3Target> {
  const connection = await connectS3(location, options);
  const { bucket, prefix } = location;
  const { endpoint, timeouts } = connection;
  return {
    ...connection,
    url: formatS3Url(location),
    bucket,
    prefix,
    objectOf: (key) => ({ Bucket: bucket, Key: prefix + key }),
    async operate(action, work, options = {}) {
      const { signal: outer, sizeBytes = 0 } = options;
      outer?.throwIfAborted();
      const totalMs = timeouts.totalMs + Math.ceil(sizeBytes / slowestBytesPerMs);
      using deadline = startDeadline(totalMs, outer);
      try {
        return await work(deadline.signal);
      } catch (error) {
        const access = { action, bucket, endpoint };
        outer?.throwIfAborted();
        if (deadline.expired()) throw s3TimedOut(access, totalMs, error);
        return rethrowNamed(error, access);
      }
    },
  };
}
