import { createByteSource } from './byte-source.ts';
import { bodySegments, enter, wholeBody } from './reader-body.ts';
import { advance, skipRest } from './reader-phases.ts';
import type { ReaderState } from './reader-state.ts';
import type { TarEntry, TarSegment } from './tar-entry.ts';
import type { TarLimits } from './tar-limits.ts';
import type { TarPlace } from './tar-place.ts';

/**
 * Reads an archive from front to back, one entry at a time; not for use by two callers at once. `internal` is thrown
 * when it is, when a body is asked for twice or after its entry was left, and by every call after a failed one.
 */
export interface TarReader extends AsyncDisposable {
  /**
   * The next entry, behind what is left of the previous body; null at the end, which is two zero blocks or the end of
   * the source in their place. What stands behind the zero blocks is read to the source's end and ignored.
   */
  next(): Promise<TarEntry | null>;
  /**
   * The body of the current entry in logical order, without its holes. Segments are views of the source's
   * buffers (no copy): they stay valid, and keep the whole buffer in memory, as long as they are held.
   */
  body(): AsyncIterable<TarSegment>;
  /**
   * The whole body with zeros for holes. A view of the source's buffer where that holds it whole (copy it to keep it
   * for long), else a copy. Throws `layer_hostile` when it is longer than `maxBytes`.
   */
  readBody(maxBytes: number): Promise<Buffer>;
  /** Ends the source, wherever the reader stands. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TarReaderOptions {
  readonly limits: TarLimits;
  /** Names the archive in errors. */
  readonly label: string;
}

/**
 * A reader of uncompressed archives in the formats v7, ustar (POSIX.1-2017, pax), GNU (GNU tar manual, "Tar Internals":
 * long names, base-256 numbers, sparse files) and PAX (with GNU's sparse files 0.0, 0.1 and 1.0). Any cut of the
 * source into buffers gives the same result.
 *
 * Throws `layer_invalid` for an archive that is broken, that stops too early, or that readers of tar understand in
 * different ways; `layer_hostile` for one that leaves its root (`..` in names and hard link targets; a leading `/` is
 * dropped), hides part of a name behind a NUL, or exceeds a limit. What `source` throws comes through as it is.
 *
 * What it does not judge: whether parents exist, whether a path leads through a symbolic link, whether names repeat,
 * what a hard link points to, and what whiteouts mean.
 */
export function createTarReader(
  source: AsyncIterable<Uint8Array>,
  { limits, label }: TarReaderOptions,
): TarReader {
  const place: TarPlace = { label, offsetBytes: 0, path: undefined };
  const reader: ReaderState = {
    source: createByteSource(source, place, limits.maxTotalBytes),
    limits,
    place,
    phase: skipRest,
    isIdle: true,
    entryCount: 0,
    contentBytes: 0,
    globals: undefined,
    pax: undefined,
    longName: undefined,
    longLink: undefined,
    current: undefined,
    bodyLeftBytes: 0,
    paddingBytes: 0,
    isBodyTaken: false,
  };
  return {
    next: () => nextEntry(reader),
    body: () => bodySegments(reader),
    readBody: (maxBytes) => wholeBody(reader, maxBytes),
    [Symbol.asyncDispose]: () => reader.source.close(),
  };
}

/** Settles without waiting when the source's buffers that are here hold the next header. */
async function nextEntry(reader: ReaderState): Promise<TarEntry | null> {
  enter(reader);
  let outcome = advance(reader);
  while (outcome === undefined) {
    await reader.source.fill();
    outcome = advance(reader);
  }
  reader.isIdle = true;
  return outcome;
}
