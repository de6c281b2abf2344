import type { Sheet } from './sheet.ts';

/** What a run of benchmarks shares. */
export interface BenchContext {
  /** The clone whose `bin/ashlar` is measured. */
  readonly repoDir: string;
  /** Removed, with all in it, at the end. */
  readonly workDir: string;
  /** Trees and layouts that take long to make; stays. */
  readonly cacheDir: string;
  readonly scale: Scale;
  /** Timed rounds of a comparison, after one that is not counted. */
  readonly rounds: number;
  /** PEM file of certificates that programs inside of builds have to trust; undefined where none is needed. */
  readonly caFile: string | undefined;
  readonly signal: AbortSignal;
  /** Tells what is done, one line at a time. */
  readonly say: (line: string) => void;
}

export type Scale = 'full' | 'quick';

export interface Benchmark {
  readonly name: string;
  /**
   * Measures and puts rows on the sheet. A measurement that could not be made is noted there with its reason, or thrown
   * as an AshlarError when nothing else can be measured without it.
   */
  run(context: BenchContext, sheet: Sheet): Promise<void>;
}
