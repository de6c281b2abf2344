import { type BytePath, toDisplay } from '../bytes/byte-path.ts';
import { AshlarError, type ErrorData } from '../errors/ashlar-error.ts';

/** Where in which archive the reader stands, for its errors. Owned and moved by the reader. */
export interface TarPlace {
  /** Names the archive: a layer's digest, a file. */
  readonly label: string;
  /** Of the header being read, from the start of the uncompressed archive. */
  offsetBytes: number;
  /** Of the entry being read; undefined while it is not known. */
  path: BytePath | undefined;
}

/** The archive is broken, or says something that readers of tar understand differently. */
export function invalidTar(place: TarPlace, reason: string): AshlarError {
  return new AshlarError('layer_invalid', messageOf(place, reason), { data: dataOf(place) });
}

/** The archive would do harm: it leaves its root, or costs more than the limits allow. */
export function hostileTar(place: TarPlace, reason: string): AshlarError {
  return new AshlarError('layer_hostile', messageOf(place, reason), { data: dataOf(place) });
}

function messageOf(place: TarPlace, reason: string): string {
  return `${place.label}: ${subjectOf(place)} at byte ${place.offsetBytes}: ${reason}`;
}

function subjectOf(place: TarPlace): string {
  return place.path === undefined ? 'header' : `entry ${toDisplay(place.path) || './'}`;
}

function dataOf(place: TarPlace): ErrorData {
  const data = { label: place.label, offsetBytes: place.offsetBytes };
  return place.path === undefined ? data : { ...data, path: toDisplay(place.path) };
}
