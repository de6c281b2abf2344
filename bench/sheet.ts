import { AshlarError } from '../src/index.ts';
import type { Unit } from './units.ts';

/** A number with its unit; with several rounds it is the median, and `min` and `max` say how far they were apart. */
export interface Quantity {
  readonly value: number;
  readonly unit: Unit;
  readonly min?: number;
  readonly max?: number;
}

export interface Target {
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
  /** What is held against the limit: the ratio to the peer, or the measured value itself. */
  readonly of: 'ratio' | 'measured';
}

export interface Row {
  readonly bench: string;
  readonly what: string;
  /** Null for what stands beside for comparison. */
  readonly target: Target | null;
  readonly measured: Quantity;
  readonly peer: (Quantity & { readonly name: string }) | null;
  /** Of measured and peer, in the direction that the target speaks of; null without a peer. */
  readonly ratio: number | null;
}

/** A measurement that could not be made. */
export interface Lack {
  readonly bench: string;
  readonly what: string;
  readonly reason: string;
}

export interface Sheet {
  readonly rows: readonly Row[];
  readonly lacks: readonly Lack[];
  /** Facts that a reader needs beside the numbers. */
  readonly notes: readonly string[];
  add(row: Row): void;
  note(text: string): void;
  /** Runs a measurement; when it fails with an AshlarError, that is put on the sheet and the result is undefined. */
  attempt<T>(bench: string, what: string, measure: () => Promise<T>): Promise<T | undefined>;
}

export function createSheet(signal: AbortSignal): Sheet {
  const rows: Row[] = [];
  const lacks: Lack[] = [];
  const notes: string[] = [];
  return {
    rows,
    lacks,
    notes,
    add: (row) => void rows.push(row),
    note: (text) => void notes.push(text),
    async attempt(bench, what, measure) {
      try {
        return await measure();
      } catch (error) {
        if (signal.aborted || !(error instanceof AshlarError)) throw error;
        lacks.push({ bench, what, reason: error.message });
        return undefined;
      }
    },
  };
}

export interface Verdict {
  readonly met: boolean | null;
  readonly text: string;
}

/** `met`, `missed by 12 %` of the limit, or nothing where there is no target. */
export function judge(row: Row): Verdict {
  const { target } = row;
  if (target === null) return { met: null, text: '-' };
  const value = target.of === 'ratio' ? row.ratio : row.measured.value;
  if (value === null) return { met: false, text: 'nothing to compare with' };
  const excess = target.bound === 'at most' ? value - target.limit : target.limit - value;
  if (excess <= 0) return { met: true, text: 'met' };
  if (target.limit === 0) return { met: false, text: 'missed' };
  const percent = (excess / target.limit) * 100;
  return { met: false, text: `missed by ${percent.toFixed(percent < 10 ? 1 : 0)} %` };
}
