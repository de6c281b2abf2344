import { AshlarError } from '../errors/ashlar-error.ts';
import type { EntryHeader } from './entry-header.ts';
import { waitFor } from './reader-phases.ts';
import type { ReaderState } from './reader-state.ts';
import type { DataRun } from './sparse-map.ts';
import type { TarSegment } from './tar-entry.ts';
import { hostileTar } from './tar-place.ts';

/** Marks the reader as in use. Throws `internal` when it is already, or has failed. */
export function enter(reader: ReaderState): void {
  if (!reader.isIdle) throw misuse(reader, 'used while a call is under way, or after it failed');
  reader.isIdle = false;
}

/** The segments of the current body, each as far as the source's buffers go. */
export async function* bodySegments(reader: ReaderState): AsyncGenerator<TarSegment, void> {
  enter(reader);
  const current = takeBody(reader);
  for (const run of runsOf(current)) {
    let offset = run.offset;
    const end = run.offset + run.sizeBytes;
    while (offset < end) {
      const bytes = reader.source.takeSome(end - offset);
      if (bytes.length === 0) {
        waitFor(reader, 'the content');
        await reader.source.fill();
        continue;
      }
      reader.bodyLeftBytes -= bytes.length;
      reader.isIdle = true;
      yield { offset, bytes };
      enter(reader);
      if (reader.current !== current)
        throw misuse(reader, 'asked for the body of an entry it left');
      offset += bytes.length;
    }
  }
  reader.isIdle = true;
}

/** The whole current body; throws `layer_hostile` when it is longer than `maxBytes`. */
export async function wholeBody(reader: ReaderState, maxBytes: number): Promise<Buffer> {
  enter(reader);
  const current = takeBody(reader);
  const { sizeBytes } = current.entry;
  if (sizeBytes > maxBytes) {
    const limit = `the limit of ${maxBytes} bytes for such a file`;
    throw hostileTar(reader.place, `its content has ${sizeBytes} bytes, more than ${limit}`);
  }
  let body: Buffer;
  if (current.sparse === undefined) {
    body = await takeAll(reader, sizeBytes);
  } else {
    body = Buffer.alloc(sizeBytes);
    for (const run of current.sparse.runs) {
      const bytes = await takeAll(reader, run.sizeBytes);
      bytes.copy(body, run.offset);
    }
  }
  reader.isIdle = true;
  return body;
}

async function takeAll(reader: ReaderState, sizeBytes: number): Promise<Buffer> {
  let bytes = reader.source.take(sizeBytes);
  while (bytes === undefined) {
    waitFor(reader, 'the content');
    await reader.source.fill();
    bytes = reader.source.take(sizeBytes);
  }
  reader.bodyLeftBytes -= sizeBytes;
  return bytes;
}

function takeBody(reader: ReaderState): EntryHeader {
  const { current } = reader;
  if (current === undefined) throw misuse(reader, 'asked for a body where there is no entry');
  if (reader.isBodyTaken) throw misuse(reader, 'asked twice for the same body');
  reader.isBodyTaken = true;
  return current;
}

function runsOf({ entry, sparse }: EntryHeader): readonly DataRun[] {
  return sparse?.runs ?? [{ offset: 0, sizeBytes: entry.sizeBytes }];
}

function misuse(reader: ReaderState, what: string): AshlarError {
  return new AshlarError('internal', `the tar reader of ${reader.place.label} was ${what}`);
}
