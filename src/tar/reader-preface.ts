import type { BytePath } from '../bytes/byte-path.ts';
import type { PrefaceKind } from './entry-type.ts';
import { numberFields } from './header-block.ts';
import { headerNumberUpTo } from './header-number.ts';
import { readPaxHeader } from './pax-header.ts';
import { createPaxValues } from './pax-values.ts';
import { again, type Phase, type ReaderState } from './reader-state.ts';
import { blockBytes, paddingOf } from './tar-entry.ts';
import { hostileTar, invalidTar, type TarPlace } from './tar-place.ts';

/**
 * The phase that reads what belongs to a header which is no entry. GNU's `L` and `K`: GNU tar manual, "Basic Tar Format".
 * Two of a kind for one entry, or a global header between an entry and its own, are `layer_invalid`: readers
 * disagree on which counts.
 */
export function prefacePhase(
  reader: ReaderState,
  kind: PrefaceKind,
  { block, next }: { readonly block: Buffer; readonly next: Phase },
): Phase {
  const sizeBytes = prefaceSize(reader, kind, block);
  checkOrder(reader, kind);
  const paddedBytes = sizeBytes + paddingOf(sizeBytes);
  return (reader) => {
    const padded = reader.source.take(paddedBytes);
    if (padded === undefined) {
      if (!reader.source.ended()) return undefined;
      const readBytes = reader.source.offsetBytes();
      const reason = `the archive ends in the middle of an extended header after ${readBytes} bytes`;
      throw invalidTar(reader.place, reason);
    }
    takePreface(reader, kind, { padded, sizeBytes });
    reader.phase = next;
    return again;
  };
}

function prefaceSize(reader: ReaderState, kind: PrefaceKind, block: Buffer): number {
  const { limits, place } = reader;
  const size = headerNumberUpTo(block, numberFields.size, Number.MAX_SAFE_INTEGER, place);
  const isName = kind === 'long-name' || kind === 'long-link';
  // A name ends with a NUL, and some writers count the padding in.
  const max = isName ? limits.maxPathBytes + blockBytes : limits.maxPaxBytes;
  if (kind === 'volume-label' && size > 0) {
    throw invalidTar(place, `it is a volume label and claims ${size} bytes of content`);
  }
  if (size > max) {
    const what = isName ? 'a name' : 'an extended header';
    throw hostileTar(place, `${what} of ${size} bytes is longer than the limit of ${max} bytes`);
  }
  return size;
}

function checkOrder(reader: ReaderState, kind: PrefaceKind): void {
  const { pax, longName, longLink, place } = reader;
  const isRepeated =
    (kind === 'pax' && pax !== undefined) ||
    (kind === 'long-name' && longName !== undefined) ||
    (kind === 'long-link' && longLink !== undefined);
  if (isRepeated) throw invalidTar(place, `a second ${kind} header for the same entry`);
  const isOfEntry = kind === 'pax' || kind === 'long-name' || kind === 'long-link';
  const isOpen = pax !== undefined || longName !== undefined || longLink !== undefined;
  if (!isOfEntry && isOpen) {
    throw invalidTar(place, `a ${kind} header stands between an entry and its own header`);
  }
}

interface PrefaceContent {
  /** With its padding. */
  readonly padded: Buffer;
  readonly sizeBytes: number;
}

function takePreface(reader: ReaderState, kind: PrefaceKind, content: PrefaceContent): void {
  const { limits, place } = reader;
  const data = content.padded.subarray(0, content.sizeBytes);
  switch (kind) {
    case 'pax':
      reader.pax = createPaxValues(reader.globals);
      readPaxHeader(data, reader.pax, { scope: 'entry', limits, place });
      break;
    case 'global-pax':
      reader.globals ??= createPaxValues(undefined);
      readPaxHeader(data, reader.globals, { scope: 'global', limits, place });
      break;
    case 'long-name':
      reader.longName = nameIn(content, place);
      break;
    case 'long-link':
      reader.longLink = nameIn(content, place);
      break;
    case 'volume-label':
      break;
  }
}

/**
 * Without the NULs at its end; one inside is found when the name is checked. GNU tar reads on to the first NUL whatever
 * the size says, so that there must be one behind the name, if only in the padding.
 */
function nameIn({ padded, sizeBytes }: PrefaceContent, place: TarPlace): BytePath {
  let end = sizeBytes;
  while (end > 0 && padded[end - 1] === 0) end--;
  if (padded[end] !== 0) throw invalidTar(place, 'a long name has no NUL at its end');
  return padded.toString('latin1', 0, end);
}
