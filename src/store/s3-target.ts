import { connectS3, type S3Connection, type S3StoreOptions } from './s3-client.ts';
import { startDeadline } from './s3-deadline.ts';
import { rethrowNamed, type S3Access, s3TimedOut } from './s3-errors.ts';
import { formatS3Url, type S3Location } from './store-url.ts';

/** A place in a bucket, and the way to ask things of it. */
export interface S3Target extends S3Connection {
  readonly url: string;
  readonly bucket: string;
  readonly prefix: string;
  /** The parameters that name the object of a key. */
  objectOf(key: string): { readonly Bucket: string; readonly Key: string };
  /**
   * Runs one operation, which may be several requests, within `totalMs`. The SDK's failures come out with a code; the
   * reason of `outer` comes out as it is.
   */
  operate<T>(
    action: S3Access['action'],
    work: (signal: AbortSignal) => Promise<T>,
    outer?: AbortSignal,
  ): Promise<T>;
}

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
    async operate(action, work, outer) {
      outer?.throwIfAborted();
      using deadline = startDeadline(timeouts.totalMs, outer);
      try {
        return await work(deadline.signal);
      } catch (error) {
        const access = { action, bucket, endpoint };
        outer?.throwIfAborted();
        if (deadline.expired()) throw s3TimedOut(access, timeouts.totalMs, error);
        return rethrowNamed(error, access);
      }
    },
  };
}
