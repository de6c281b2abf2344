import type { BytePath } from '../bytes/byte-path.ts';
import type { ByteSource } from './byte-source.ts';
import type { EntryHeader } from './entry-header.ts';
import type { PaxValues } from './pax-values.ts';
import type { TarEntry } from './tar-entry.ts';
import type { TarLimits } from './tar-limits.ts';
import type { TarPlace } from './tar-place.ts';

/** Go on with `reader.phase`, which has changed. */
export const again = Symbol('again');

/** An entry, the end (null), too few bytes here (undefined), or `again`. */
export type PhaseOutcome = TarEntry | null | undefined | typeof again;

/**
 * One step of reading. It works on the bytes that are here, never waits, and when they are too few it is called again
 * once there are more; at the end of the source it must not ask for more.
 */
export type Phase = (reader: ReaderState) => PhaseOutcome;

export interface ReaderState {
  readonly source: ByteSource;
  readonly limits: TarLimits;
  readonly place: TarPlace;
  phase: Phase;
  /** False while a call is under way, and for good when one has failed. */
  isIdle: boolean;
  entryCount: number;
  /** Logical size of all entries so far. */
  contentBytes: number;
  globals: PaxValues | undefined;
  /** Of the extended headers read for the entry to come. */
  pax: PaxValues | undefined;
  longName: BytePath | undefined;
  longLink: BytePath | undefined;
  current: EntryHeader | undefined;
  /** Bytes of the current body that are still to be taken from the source, and of the padding behind them. */
  bodyLeftBytes: number;
  paddingBytes: number;
  isBodyTaken: boolean;
}
