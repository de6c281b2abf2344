import { type Digest, digestOf } from '../digest/digest.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { hasCode } from '../errors/has-code.ts';
import { decodeStored } from './codec.ts';
import type { PackLocation } from './pack-format.ts';
import type { PackShelf } from './pack-shelf.ts';

/** A digest with its place. */
export interface LocatedBlob {
  readonly digest: Digest;
  readonly location: PackLocation;
}

export interface ChunkReader {
  /**
   * The plain bytes, checked against the digest. Throws `pack_missing`, `pack_corrupt` or `chunk_corrupt` with digest
   * and pack.
   */
  read(blob: LocatedBlob, signal?: AbortSignal): Promise<Buffer>;
  /**
   * Reads many blobs, those that lie side by side in one request, each checked. They come in the order of the packs,
   * not in the order asked for; a blob asked for twice comes once.
   */
  readMany(
    blobs: readonly LocatedBlob[],
    signal?: AbortSignal,
  ): AsyncIterable<{ digest: Digest; plain: Buffer }>;
}

/** Bytes read in one request at the most, and the gap between two blobs that is read over. */
const maxRunBytes = 4 * 1024 * 1024;
const maxGapBytes = 64 * 1024;
/** Requests under way at the same time in `readMany`. */
const runsAhead = 3;

export function createChunkReader(shelf: PackShelf): ChunkReader {
  return {
    async read({ digest, location }, signal) {
      const { pack, offset, storedBytes } = location;
      const stored = await shelf.read({ pack, offset, lengthBytes: storedBytes }, signal);
      return decodeChecked(digest, location, stored);
    },
    async *readMany(blobs, signal) {
      const runs = planRuns(blobs);
      const ahead: { readonly run: Run; readonly reading: Promise<Buffer> }[] = [];
      const start = (): void => {
        const run = runs.shift();
        if (run === undefined) return;
        const { pack, start: offset, end } = run;
        const reading = shelf.read({ pack, offset, lengthBytes: end - offset }, signal);
        // Shown when its turn comes; until then it must not count as unhandled.
        reading.catch(() => {});
        ahead.push({ run, reading });
      };
      for (let count = 0; count < runsAhead; count += 1) start();
      for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
        const { run, reading } = next;
        const bytes = await reading;
        start();
        // One after another: a few MiB of stored bytes may be gigabytes of plain ones.
        for (const { digest, location } of run.blobs) {
          const from = location.offset - run.start;
          const stored = bytes.subarray(from, from + location.storedBytes);
          yield { digest, plain: decodeChecked(digest, location, stored) };
        }
      }
    },
  };
}

interface Run {
  readonly pack: Digest;
  readonly start: number;
  end: number;
  readonly blobs: LocatedBlob[];
}

function planRuns(blobs: readonly LocatedBlob[]): Run[] {
  const unique = new Map(blobs.map((blob) => [blob.digest, blob]));
  const sorted = [...unique.values()].sort(comparePlaces);
  const runs: Run[] = [];
  for (const blob of sorted) {
    const { pack, offset, storedBytes } = blob.location;
    const last = runs.at(-1);
    const end = offset + storedBytes;
    if (
      last?.pack === pack &&
      offset - last.end <= maxGapBytes &&
      end - last.start <= maxRunBytes
    ) {
      last.end = Math.max(last.end, end);
      last.blobs.push(blob);
    } else runs.push({ pack, start: offset, end, blobs: [blob] });
  }
  return runs;
}

function decodeChecked(digest: Digest, location: PackLocation, stored: Buffer): Buffer {
  try {
    const plain = decodeStored(stored, location.codec, location.plainBytes);
    if (digestOf(plain) === digest) return plain;
    throw new AshlarError('chunk_corrupt', 'its bytes do not match its digest');
  } catch (error) {
    throw located(error, digest, location);
  }
}

/** Adds to a failed decoding which chunk it was and where it lies. */
function located(error: unknown, digest: Digest, location: PackLocation): unknown {
  if (!hasCode(error, 'chunk_corrupt')) return error;
  const { pack, offset } = location;
  return new AshlarError(
    'chunk_corrupt',
    `the chunk ${digest} in ${pack} at ${offset} is damaged: ${error.message}`,
    {
      data: { digest, pack, offset },
      cause: error,
    },
  );
}

function comparePlaces(left: LocatedBlob, right: LocatedBlob): number {
  if (left.location.pack !== right.location.pack)
    return left.location.pack < right.location.pack ? -1 : 1;
  return left.location.offset - right.location.offset;
}
