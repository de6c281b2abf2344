import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import { AttemptFailure, type TransportResponse } from '../../src/network.ts';
import type { PackumentIndex } from '../packument/packument-index.ts';
import {
  createPackumentScanner,
  type ScanOptions,
  scanPackument,
} from '../packument/scan-packument.ts';
import type { ByteShare } from './byte-budget.ts';

export interface ReceivedPackument {
  /** The document as gzip: the very bytes of upstream where it sent that. */
  readonly gzip: Buffer;
  /** SHA-256 of `gzip`, hexadecimal. */
  readonly digest: string;
  readonly index: PackumentIndex;
}

export interface ReceiveLimits {
  /** On the wire. */
  readonly maxGzipBytes: number;
  /** Decompressed. */
  readonly maxPlainBytes: number;
  /** For the whole body, however it trickles in. */
  readonly timeoutMs: number;
  /** What may be held in memory beside what others hold. */
  readonly room: ByteShare;
  readonly signal: AbortSignal;
}

export const defaultReceiveLimits = {
  maxGzipBytes: 64 * 1024 ** 2,
  maxPlainBytes: 128 * 1024 ** 2,
} as const satisfies Partial<ReceiveLimits>;

/**
 * Reads a packument to its end and looks through it on the way; holds its compressed form in memory, and no other. Throws
 * an `AttemptFailure` of code `registry_corrupt` for what breaks off or is no gzip, which may be right another time,
 * `registry_body_too_large`, and `packument_invalid` for what is no packument of this package.
 */
export async function receivePackument(
  response: TransportResponse,
  name: string,
  limits: ReceiveLimits,
): Promise<ReceivedPackument> {
  const encoding = response.header('content-encoding') ?? 'identity';
  const kept = createKeeper(name, limits);
  const count = plainBytesCounter(name, limits);
  const scan = { name, maxBytes: limits.maxPlainBytes };
  const { signal } = limits;
  const body = timely(response.body, name, limits);
  const index = await naming(name, () => {
    if (encoding === 'gzip' || encoding === 'x-gzip')
      return pipeline(
        watched(body, kept.keep),
        createGunzip({ chunkSize: sliceBytes }),
        (plain) => scanPackument(watched(plain, count), scan),
        { signal },
      );
    if (encoding === 'identity')
      return compressWhileScanned(watched(body, count), { keep: kept.keep, scan, signal });
    return refuseEncoding(response, name);
  });
  return { ...kept.finish(), index };
}

interface Keeper {
  keep(bytes: Buffer): Promise<void>;
  finish(): Pick<ReceivedPackument, 'gzip' | 'digest'>;
}

function createKeeper(name: string, { maxGzipBytes, room, signal }: ReceiveLimits): Keeper {
  const kept: Buffer[] = [];
  const hash = createHash('sha256');
  let keptBytes = 0;
  return {
    async keep(bytes) {
      keptBytes += bytes.length;
      if (keptBytes > maxGzipBytes) throw tooLarge(name, maxGzipBytes);
      await room.take(bytes.length, signal);
      kept.push(bytes);
      hash.update(bytes);
    },
    finish: () => ({ gzip: Buffer.concat(kept), digest: hash.digest('hex') }),
  };
}

const sliceBytes = 64 * 1024;

async function* watched(
  body: AsyncIterable<Buffer>,
  look: (bytes: Buffer) => void | Promise<void>,
): AsyncGenerator<Buffer> {
  for await (const bytes of body) {
    await look(bytes);
    yield bytes;
  }
}

function plainBytesCounter(
  name: string,
  { maxPlainBytes }: ReceiveLimits,
): (bytes: Buffer) => void {
  let seenBytes = 0;
  return (bytes) => {
    seenBytes += bytes.length;
    if (seenBytes > maxPlainBytes) throw tooLarge(name, maxPlainBytes);
  };
}

async function* timely(
  body: AsyncIterable<Buffer>,
  name: string,
  { timeoutMs }: ReceiveLimits,
): AsyncGenerator<Buffer> {
  const late = AbortSignal.timeout(timeoutMs);
  for await (const bytes of body) {
    if (late.aborted) {
      throw new AttemptFailure(
        `the packument of ${name} had not arrived whole after ${timeoutMs / 1000} s`,
        { code: 'registry_unavailable', isPassing: false },
      );
    }
    yield bytes;
  }
}

async function compressWhileScanned(
  body: AsyncIterable<Buffer>,
  { keep, scan, signal }: { keep: Keeper['keep']; scan: ScanOptions; signal: AbortSignal },
): Promise<PackumentIndex> {
  const scanner = createPackumentScanner(scan);
  await pipeline(
    watched(body, scanner.push),
    createGzip(),
    async (compressed: AsyncIterable<Buffer>) => {
      for await (const bytes of compressed) await keep(bytes);
    },
    { signal },
  );
  return scanner.finish();
}

async function naming<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code?.startsWith('Z_') !== true) throw error;
    throw corrupt(`the packument of ${name} is no whole gzip stream (${code})`, error);
  }
}

function corrupt(problem: string, cause?: unknown): AttemptFailure {
  return new AttemptFailure(problem, { code: 'registry_corrupt', isPassing: true, cause });
}

function tooLarge(name: string, maxBytes: number): AshlarError {
  return new AshlarError(
    'registry_body_too_large',
    `the packument of ${name} is larger than the limit of ${maxBytes} bytes`,
  );
}

/** A body that nobody reads would hold its connection. */
async function refuseEncoding(response: TransportResponse, name: string): Promise<never> {
  await response.discard();
  const encoding = response.header('content-encoding') ?? '';
  throw corrupt(`the packument of ${name} came with the encoding ${encoding}`);
}
