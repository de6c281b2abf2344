import { addRun, type DataRun, tooManyRuns } from './sparse-map.ts';
import type { TarLimits } from './tar-limits.ts';
import { invalidTar, type TarPlace } from './tar-place.ts';

export interface SparseMapText {
  /** Takes the next block; true when the map is complete. What the last block has behind the map is padding. */
  push(block: Buffer): boolean;
}

/**
 * Reads the map that stands before the data of a sparse file in PAX format 1.0 (GNU tar manual, "Storing Sparse
 * Files"): the count of runs, then offset and size of each, in decimal, each ended by a newline, padded to a block. The runs are added to `runs`.
 */
export function createSparseMapText(
  runs: DataRun[],
  { limits, place }: { readonly limits: TarLimits; readonly place: TarPlace },
): SparseMapText {
  let count: number | undefined;
  let offset: number | undefined;
  let value = 0;
  let digits = 0;

  const isComplete = (): boolean => runs.length === count;
  const takeNumber = (): void => {
    if (digits === 0 || !Number.isSafeInteger(value)) throw broken(place);
    if (count === undefined) {
      if (value > limits.maxSparseSegments) throw tooManyRuns(limits, place);
      count = value;
    } else if (offset === undefined) {
      offset = value;
    } else {
      addRun(runs, { offset, sizeBytes: value }, { limits, place });
      offset = undefined;
    }
    value = 0;
    digits = 0;
  };

  return {
    push(block) {
      for (let at = 0; at < block.length && !isComplete(); at++) {
        const byte = block[at] ?? 0;
        if (byte === newline) {
          takeNumber();
        } else {
          if (byte < digit0 || byte > digit9 || digits >= maxDigits) throw broken(place);
          value = value * 10 + (byte - digit0);
          digits++;
        }
      }
      return isComplete();
    },
  };
}

const newline = 0x0a;
const digit0 = 0x30;
const digit9 = 0x39;
const maxDigits = 20;

function broken(place: TarPlace): Error {
  return invalidTar(place, 'the sparse map before its data is not a list of numbers');
}
