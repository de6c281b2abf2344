import type { Config } from '../config/config.ts';
import type { DirectoryProblem } from '../disk/probe-directory.ts';
import type { OutputForm, Terminal } from './terminal.ts';

/** What every command gets. */
export interface CommandContext {
  readonly config: Config;
  /** Why the state directory cannot hold files; looked at once. Null where it can: then it is there. */
  readonly homeProblem: () => Promise<DirectoryProblem | null>;
  readonly terminal: Terminal;
  readonly form: OutputForm;
  readonly env: NodeJS.ProcessEnv;
  /** Aborts at ctrl-C and at SIGTERM. */
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  /** When the program started, on the clock of `performance.now`. */
  readonly startedMs: number;
}
