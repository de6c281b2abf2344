import { readEntryHeader, type SparseHeader } from './entry-header.ts';
import { prefaceKindOf } from './entry-type.ts';
import { readGnuSparseTable, tableInExtension } from './gnu-sparse.ts';
import { isZeroBlock, verifyChecksum } from './header-block.ts';
import { prefacePhase } from './reader-preface.ts';
import { again, type Phase, type PhaseOutcome, type ReaderState } from './reader-state.ts';
import { checkSparseMap, type DataRun } from './sparse-map.ts';
import { createSparseMapText } from './sparse-map-text.ts';
import { blockBytes, paddingOf, type TarEntry } from './tar-entry.ts';
import { hostileTar, invalidTar } from './tar-place.ts';

/** Runs phases until there is an entry, or null at the end, or undefined when the source must be asked for more. */
export function advance(reader: ReaderState): Exclude<PhaseOutcome, typeof again> {
  for (;;) {
    const outcome = reader.phase(reader);
    if (outcome !== again) return outcome;
  }
}

/**
 * Between an entry and the next header: drops what is left of the body, and its padding. Also the first phase. An archive may end
 * in the padding: all content is there, some writers leave out the rest (umoci), and Go's reader, which container engines have,
 * takes it.
 */
export function skipRest(reader: ReaderState): PhaseOutcome {
  if (reader.bodyLeftBytes > 0) {
    reader.bodyLeftBytes = reader.source.skip(reader.bodyLeftBytes);
    if (reader.bodyLeftBytes > 0) return waitFor(reader, 'the content');
  }
  if (reader.paddingBytes > 0) {
    reader.paddingBytes = reader.source.skip(reader.paddingBytes);
    if (reader.paddingBytes > 0 && !reader.source.ended()) return undefined;
    reader.paddingBytes = 0;
  }
  reader.current = undefined;
  reader.phase = readHeader;
  return again;
}

/** Gives undefined, which asks for more bytes; throws `layer_invalid` when there are none. */
export function waitFor(reader: ReaderState, what: string): undefined {
  if (!reader.source.ended()) return undefined;
  const readBytes = reader.source.offsetBytes();
  throw invalidTar(
    reader.place,
    `the archive ends in the middle of ${what} after ${readBytes} bytes`,
  );
}

function readHeader(reader: ReaderState): PhaseOutcome {
  const { source, place } = reader;
  place.path = undefined;
  place.offsetBytes = source.offsetBytes() - source.gatheredBytes();
  const block = source.take(blockBytes);
  if (block === undefined) {
    if (source.ended() && source.gatheredBytes() === 0) return endOfArchive(reader);
    return waitFor(reader, 'a header');
  }
  if (block[0] === 0 && isZeroBlock(block)) {
    reader.phase = readSecondZeroBlock;
    return again;
  }
  verifyChecksum(block, place);
  const kind = prefaceKindOf(block);
  if (kind === undefined) return readEntry(reader, block);
  if (kind === 'volume-label' || kind === 'global-pax') countEntry(reader);
  reader.phase = prefacePhase(reader, kind, { block, next: readHeader });
  return again;
}

function readEntry(reader: ReaderState, block: Buffer): PhaseOutcome {
  countEntry(reader);
  const { longName, longLink } = reader;
  const pax = reader.pax ?? reader.globals;
  const header = readEntryHeader(block, { pax, longName, longLink }, reader);
  reader.pax = undefined;
  reader.longName = undefined;
  reader.longLink = undefined;
  reader.current = header;
  reader.isBodyTaken = false;
  reader.bodyLeftBytes = header.archivedBytes;
  reader.paddingBytes = paddingOf(header.archivedBytes);
  countContent(reader, header.entry.sizeBytes);
  const { entry, sparse } = header;
  if (sparse !== undefined)
    return readSparse(reader, { entry, runs: sparse.runs }, sparse.mapFollows);
  reader.phase = skipRest;
  return entry;
}

interface SparseEntry {
  readonly entry: TarEntry;
  readonly runs: DataRun[];
}

function readSparse(
  reader: ReaderState,
  sparse: SparseEntry,
  mapFollows: SparseHeader['mapFollows'],
): PhaseOutcome {
  if (mapFollows === undefined) return deliverSparse(reader, sparse);
  reader.phase = mapFollows === 'text' ? mapTextPhase(reader, sparse) : gnuExtensionPhase(sparse);
  return again;
}

function gnuExtensionPhase(sparse: SparseEntry): Phase {
  return (reader) => {
    const block = reader.source.take(blockBytes);
    if (block === undefined) return waitFor(reader, 'a sparse map');
    const { limits, place } = reader;
    const context = { runs: sparse.runs, limits, place };
    const isExtended = readGnuSparseTable(block, tableInExtension, context);
    return isExtended ? again : deliverSparse(reader, sparse);
  };
}

function mapTextPhase(reader: ReaderState, sparse: SparseEntry): Phase {
  const text = createSparseMapText(sparse.runs, reader);
  return (reader) => {
    if (reader.bodyLeftBytes < blockBytes) {
      throw invalidTar(reader.place, 'its content ends in the middle of the sparse map');
    }
    const block = reader.source.take(blockBytes);
    if (block === undefined) return waitFor(reader, 'a sparse map');
    reader.bodyLeftBytes -= blockBytes;
    return text.push(block) ? deliverSparse(reader, sparse) : again;
  };
}

function deliverSparse(reader: ReaderState, { entry, runs }: SparseEntry): TarEntry {
  const file = { sizeBytes: entry.sizeBytes, archivedBytes: reader.bodyLeftBytes };
  checkSparseMap(runs, file, reader.place);
  reader.phase = skipRest;
  return entry;
}

/**
 * Two zero blocks end the archive (POSIX.1-2017, pax, "ustar Interchange Format"). A single one before more headers is
 * the end for GNU tar, an error for Go, and nothing for others: refused, since it hides entries from some.
 */
function readSecondZeroBlock(reader: ReaderState): PhaseOutcome {
  const { source } = reader;
  const block = source.take(blockBytes);
  if (block === undefined) {
    if (source.ended() && source.gatheredBytes() === 0) return endOfArchive(reader);
    return waitFor(reader, 'the zero blocks at its end');
  }
  if (!isZeroBlock(block)) {
    throw invalidTar(reader.place, 'a single zero block stands before more of the archive');
  }
  reader.phase = drain;
  return again;
}

/** What stands behind the end is read and ignored, as GNU tar does, so that digests of the source are complete. */
function drain(reader: ReaderState): PhaseOutcome {
  reader.source.skip(Number.MAX_SAFE_INTEGER);
  return reader.source.ended() ? endOfArchive(reader) : undefined;
}

function endOfArchive(reader: ReaderState): null {
  if (reader.pax !== undefined || reader.longName !== undefined || reader.longLink !== undefined) {
    throw invalidTar(reader.place, 'the archive ends between an extended header and its entry');
  }
  reader.phase = () => null;
  return null;
}

function countEntry(reader: ReaderState): void {
  reader.entryCount++;
  if (reader.entryCount > reader.limits.maxEntries) {
    const limit = `the limit of ${reader.limits.maxEntries}`;
    throw hostileTar(reader.place, `the archive has more entries than ${limit}`);
  }
}

function countContent(reader: ReaderState, sizeBytes: number): void {
  reader.contentBytes += sizeBytes;
  if (reader.contentBytes > reader.limits.maxTotalBytes) {
    const limit = `the limit of ${reader.limits.maxTotalBytes} bytes`;
    throw hostileTar(reader.place, `the content of all entries together is more than ${limit}`);
  }
}
