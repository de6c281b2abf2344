import type { S3Client } from '@aws-sdk/client-s3';
import type { S3Location } from './store-url.ts';

export interface S3Timeouts {
  readonly connectMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** For one operation with all its attempts. */
  readonly totalMs: number;
}

const defaultS3Timeouts: S3Timeouts = {
  connectMs: 5_000,
  idleMs: 20_000,
  totalMs: 300_000,
};

const maxSockets = 256;

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3StoreOptions {
  /** Default: the SDK's chain (environment, profile, instance). */
  readonly credentials?: S3Credentials;
  /** Where the URL names none. Default us-east-1. */
  readonly defaultRegion?: string;
  readonly timeouts?: Partial<S3Timeouts>;
  /** Of each request, by the SDK; and again of each body that is cut. Default 3. */
  readonly maxAttempts?: number;
  /** Files above this size are sent in parts. Default 1 GiB; servers take up to 5 GiB in one request. */
  readonly singlePutBytes?: number;
  /** The size of such a part, of at least 5 MiB; grows with files that would need more than 10,000. Default 64 MiB. */
  readonly partBytes?: number;
}

export type S3Sdk = typeof import('@aws-sdk/client-s3');

export interface S3Connection {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
  readonly timeouts: S3Timeouts;
  readonly maxAttempts: number;
  readonly singlePutBytes: number;
  readonly partBytes: number;
  /** For messages. */
  readonly endpoint: string;
}

/**
 * A client for the server of `location`. The SDK (0.1 s) is loaded here and nowhere else. Its idle connections do not keep
 * the process alive.
 */
export async function connectS3(
  location: S3Location,
  options: S3StoreOptions,
): Promise<S3Connection> {
  const sdk = await import('@aws-sdk/client-s3');
  const timeouts = { ...defaultS3Timeouts, ...options.timeouts };
  const maxAttempts = options.maxAttempts ?? 3;
  const region = location.region ?? options.defaultRegion ?? 'us-east-1';
  const client = new sdk.S3Client({
    region,
    maxAttempts,
    ...(location.endpoint === undefined
      ? {}
      : { endpoint: location.endpoint, forcePathStyle: true }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    // Servers other than AWS refuse or garble the checksums that the SDK adds on its own.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The SDK opens a new connection for each request that waits for `100 Continue`.
    expectContinueHeader: false,
    logger: silent,
    requestHandler: {
      connectionTimeout: timeouts.connectMs,
      socketTimeout: timeouts.idleMs,
      logger: silent,
      // Each object that is read slowly holds one.
      httpAgent: { maxSockets },
      httpsAgent: { maxSockets },
    },
  });
  return {
    sdk,
    client,
    timeouts,
    maxAttempts,
    singlePutBytes: options.singlePutBytes ?? 1024 ** 3,
    partBytes: options.partBytes ?? 64 * 1024 ** 2,
    endpoint: location.endpoint ?? `AWS in ${region}`,
  };
}

/** The SDK would warn on the terminal of requests that wait for a connection, or that it cannot make again. */
const silent = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
