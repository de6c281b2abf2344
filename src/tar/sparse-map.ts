import type { TarLimits } from './tar-limits.ts';
import { hostileTar, invalidTar, type TarPlace } from './tar-place.ts';

/** A run of data in a sparse file. The runs' bytes follow each other in the archive without gaps. */
export interface DataRun {
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface SparseFile {
  /** Logical size of the file. */
  readonly sizeBytes: number;
  /** Bytes of data that the archive has for it, the map not counted. */
  readonly archivedBytes: number;
}

/**
 * Throws `layer_invalid` unless the runs are in order, do not overlap, lie inside the file, and account for every
 * byte that the archive has for it. Runs of no bytes, which GNU tar puts at the end, are fine.
 */
export function checkSparseMap(runs: readonly DataRun[], file: SparseFile, place: TarPlace): void {
  let end = 0;
  let dataBytes = 0;
  for (const run of runs) {
    if (run.offset < end) {
      throw invalidTar(place, `its sparse map goes back to ${run.offset} after ${end}`);
    }
    end = run.offset + run.sizeBytes;
    if (end > file.sizeBytes) {
      throw invalidTar(
        place,
        `its sparse map reaches ${end}, beyond the file's size of ${file.sizeBytes} bytes`,
      );
    }
    dataBytes += run.sizeBytes;
  }
  if (dataBytes !== file.archivedBytes) {
    throw invalidTar(
      place,
      `its sparse map has ${dataBytes} bytes of data, the archive ${file.archivedBytes}`,
    );
  }
}

/** Adds a run; throws `layer_hostile` beyond the limit. */
export function addRun(
  runs: DataRun[],
  run: DataRun,
  { limits, place }: { readonly limits: TarLimits; readonly place: TarPlace },
): void {
  if (runs.length >= limits.maxSparseSegments) throw tooManyRuns(limits, place);
  runs.push(run);
}

export function tooManyRuns(limits: TarLimits, place: TarPlace): Error {
  const limit = `the limit of ${limits.maxSparseSegments}`;
  return hostileTar(place, `its sparse map has more runs than ${limit}`);
}
