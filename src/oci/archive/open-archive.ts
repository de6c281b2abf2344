import { constants, createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';
import { createTempDir } from '../../disk/temp-dir.ts';
import { decompress } from '../layers/decompress.ts';
import { compressionOfHead } from '../layers/detect-compression.ts';
import { corruptFailure, type Origin } from '../origin.ts';
import type { SourceFiles } from '../sources/source-files.ts';
import { verifyingStream } from '../verifying-stream.ts';
import { readSection } from './read-section.ts';
import { indexTar } from './tar-index.ts';

export interface OpenArchiveOptions {
  readonly origin: Origin;
  /** Where the plain form of a compressed archive is put until disposal. */
  readonly tmpDir: string;
  readonly signal?: AbortSignal | undefined;
}

/** Of a plain form on disk; larger than any archive of images that makes sense. */
const maxPlainBytes = 64 * 1024 ** 3;

/**
 * Opens a tar as named files, by an index of its headers, without unpacking it. A compressed one (gzip, zstd,
 * xz) is first made plain below `tmpDir`; disposal removes that. Throws `source_invalid` when there is no such
 * regular file, `source_corrupt` when it is no whole tar, `disk_full` when the plain form does not fit.
 */
export async function openArchive(
  path: string,
  options: OpenArchiveOptions,
): Promise<SourceFiles & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const kept = opening.use(await openSourceFile(path, options.origin));
  const { size } = await kept.stat();
  const plain = (await isCompressed(kept))
    ? opening.use(await makePlain(kept, size, { options, stack: opening }))
    : kept;
  const plainBytes = (await plain.stat()).size;
  const index = await indexTar(plain, plainBytes, (problem) =>
    corruptFailure(options.origin, `the archive ${problem}`),
  );
  const held = opening.move();
  return {
    async find(name) {
      const member = index.find(name);
      if (member === null) return null;
      return {
        sizeBytes: member.sizeBytes,
        read: (signal) => readSection(plain, { ...member, signal }),
      };
    },
    async [Symbol.asyncDispose]() {
      await held.disposeAsync();
    },
  };
}

/** Opens the regular file that a source names; symbolic links are followed, since the user wrote the path. */
export async function openSourceFile(path: string, origin: Origin): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    const problem = code === 'ENOENT' ? 'there is no such file' : `it cannot be opened (${code})`;
    throw new AshlarError('source_invalid', `${origin.description}: ${problem}`, {
      cause: error,
      hint: 'Check the path and its permissions.',
    });
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new AshlarError('source_invalid', `${origin.description}: it is not a regular file`);
}

async function isCompressed(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(6), 0, 6, 0);
  return compressionOfHead(buffer.subarray(0, bytesRead)) !== 'none';
}

async function makePlain(
  kept: FileHandle,
  sizeBytes: number,
  { options, stack }: { options: OpenArchiveOptions; stack: AsyncDisposableStack },
): Promise<FileHandle> {
  const { origin, tmpDir, signal } = options;
  const directory = stack.use(await createTempDir(tmpDir, 'archive'));
  const path = join(directory.path, 'plain.tar');
  const fail = (problem: string): Error => corruptFailure(origin, `the archive ${problem}`);
  const source = verifyingStream(readSection(kept, { offsetBytes: 0, sizeBytes, signal }), {
    digest: null,
    sizeBytes,
    fail,
  });
  const plain = decompress(source, { allowed: ['gzip', 'zstd', 'xz'], fail, signal });
  try {
    await pipeline(
      capped(plain, fail),
      createWriteStream(path, { flags: 'wx', mode: 0o600 }),
      signal === undefined ? {} : { signal },
    );
  } catch (error) {
    signal?.throwIfAborted();
    if (systemErrorCode(error) !== 'ENOSPC') throw error;
    throw new AshlarError(
      'disk_full',
      `${origin.description}: its plain form does not fit into ${tmpDir}`,
      {
        cause: error,
      },
    );
  }
  return open(path, 'r');
}

async function* capped(
  source: AsyncIterable<Buffer>,
  fail: (problem: string) => Error,
): AsyncGenerator<Buffer, void, undefined> {
  let seenBytes = 0;
  for await (const chunk of source) {
    seenBytes += chunk.length;
    if (seenBytes > maxPlainBytes) throw fail(`has more than ${maxPlainBytes} bytes uncompressed`);
    yield chunk;
  }
}
