import type { Config } from '../config/config.ts';
import type { OutputForm, Terminal } from './terminal.ts';

/** What every command gets. */
export interface CommandContext {
  readonly config: Config;
  readonly terminal: Terminal;
  readonly form: OutputForm;
  readonly env: NodeJS.ProcessEnv;
  /** Aborts at ctrl-C and at SIGTERM. */
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
}
