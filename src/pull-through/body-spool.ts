import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import { type SharedReads, unsharedReads } from '../flow/shared-reads.ts';
import type { WholeBody } from '../object-cache/object-cache.ts';

/** A body while it arrives: in memory as long as it is small, in a file beyond that. */
export interface BodySpool extends AsyncDisposable {
  sizeBytes(): number;
  /** Appends bytes, which the spool keeps; one call at a time. Throws `disk_full`. */
  append(bytes: Buffer): Promise<void>;
  /** Between 1 and `maxBytes` bytes from an offset below the size. */
  read(offset: number, maxBytes: number): Promise<Buffer>;
  /** All that has come: the bytes, or the file that holds them. */
  contents(): WholeBody;
}

/** Where bodies wait that do not stay in memory. */
export interface SpoolPlace {
  /** Where files are made; each is removed with its spool. */
  readonly directory: string;
  /** Default: each reader reads for itself. */
  readonly reads?: SharedReads;
}

export interface BodySpoolOptions {
  readonly place: SpoolPlace;
  /** What stays in memory. */
  readonly memoryBytes: number;
  /** Asked for room when the disk is full; what was being written is then tried once more. */
  readonly makeRoom?: (sizeBytes: number) => Promise<void>;
}

/** More than one piece: room is not to be made for each. */
const roomBytes = 8 * 1024 ** 2;

export function createBodySpool(options: BodySpoolOptions): BodySpool {
  const { place, memoryBytes, makeRoom = async () => {} } = options;
  const { directory, reads = unsharedReads } = place;
  let pieces: Buffer[] = [];
  let sizeBytes = 0;
  let file: { readonly path: string; readonly handle: FileHandle } | null = null;

  const inOnePiece = (): Buffer => {
    const [first] = pieces;
    if (first !== undefined && pieces.length === 1) return first;
    const whole = Buffer.concat(pieces);
    pieces = [whole];
    return whole;
  };

  return {
    sizeBytes: () => sizeBytes,
    async append(bytes) {
      if (file === null && sizeBytes + bytes.length <= memoryBytes) {
        pieces.push(bytes);
        sizeBytes += bytes.length;
        return;
      }
      if (file === null) {
        file = await openFile(directory);
        await writeAll(file, inOnePiece(), { offset: 0, makeRoom });
        pieces = [];
      }
      await writeAll(file, bytes, { offset: sizeBytes, makeRoom });
      sizeBytes += bytes.length;
    },
    async read(offset, maxBytes) {
      const lengthBytes = Math.min(maxBytes, sizeBytes - offset);
      if (lengthBytes <= 0)
        throw new AshlarError('internal', `the spool has ${sizeBytes} bytes, not ${offset}`);
      if (file === null) return inOnePiece().subarray(offset, offset + lengthBytes);
      const { path, handle } = file;
      return reads.of({ source: path, offset, lengthBytes }, async () => {
        const bytes = Buffer.allocUnsafeSlow(lengthBytes);
        const { bytesRead } = await handle.read(bytes, 0, lengthBytes, offset);
        if (bytesRead === 0) throw new AshlarError('internal', `${path} ends at ${offset}`);
        return bytes.subarray(0, bytesRead);
      });
    },
    contents: () =>
      file === null
        ? { kind: 'memory', bytes: inOnePiece() }
        : { kind: 'file', path: file.path, sizeBytes },
    async [Symbol.asyncDispose]() {
      pieces = [];
      if (file === null) return;
      const { path, handle } = file;
      await handle.close();
      await rm(path, { force: true });
    },
  };
}

async function openFile(directory: string): Promise<{ path: string; handle: FileHandle }> {
  const path = join(directory, `body-${randomBytes(8).toString('hex')}`);
  return naming(path, async () => ({ path, handle: await open(path, 'wx+', 0o600) }));
}

async function writeAll(
  { path, handle }: { path: string; handle: FileHandle },
  bytes: Buffer,
  { offset, makeRoom }: { offset: number; makeRoom: (sizeBytes: number) => Promise<void> },
): Promise<void> {
  const write = async (): Promise<void> => {
    for (let done = 0; done < bytes.length;) {
      const left = bytes.length - done;
      done += (await handle.write(bytes, done, left, offset + done)).bytesWritten;
    }
  };
  try {
    await naming(path, write);
  } catch (error) {
    if (!hasCode(error, 'disk_full')) throw error;
    await makeRoom(bytes.length + roomBytes);
    await naming(path, write);
  }
}

async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    throw new AshlarError('disk_full', `no space left for what is being fetched, in ${path}`, {
      cause: error,
      data: { path },
    });
  }
}
