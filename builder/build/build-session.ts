import type {
  ChunkWriter,
  ContentIntake,
  FileSpool,
  ImageStore,
  Ledger,
  StepResults,
} from '../../src/index.ts';
import type { DigestCache } from '../context/digest-cache.ts';
import type { BuildMirror } from '../injection/build-mirror.ts';
import type { NpmMirror } from '../injection/npm-mirror.ts';
import type { ExtraMount, StepLimits } from '../run/run-step-options.ts';
import type { BuildEvent } from './build-events.ts';
import type { DiskCache } from './disk-cache.ts';

/** What all stages of one build share. */
export interface BuildSession {
  readonly imageStore: ImageStore;
  readonly writer: ChunkWriter;
  readonly spool: FileSpool;
  readonly intake: ContentIntake;
  readonly stepResults: StepResults;
  readonly digestCache: DigestCache | undefined;
  readonly diskCache: DiskCache;
  readonly ledger: Ledger;
  readonly signal: AbortSignal;
  readonly emit: (event: BuildEvent) => void;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Where step directories and disks are made. */
  readonly workRoot: string;
  readonly cache: 'use' | 'ignore';
  readonly runs: RunSettings;
  readonly mirror: BuildMirror;
  /** Limits of steps of which was said that this machine does not hold them. */
  readonly toldLimits: Set<string>;
}

/** How RUN steps are run; nothing of it is part of the result or of a key. */
export interface RunSettings {
  readonly limits: StepLimits;
  readonly network: 'isolated' | 'none';
  /** Read-only files that every step sees and that leave no trace. */
  readonly mounts: readonly ExtraMount[];
  /** Variables that every step sees besides its own, which win. */
  readonly env: Readonly<Record<string, string>>;
  /** Gives the npm mirror that steps are led to, null for none; asked when the first step is executed. */
  readonly findMirror?: (() => Promise<NpmMirror | null>) | undefined;
}
