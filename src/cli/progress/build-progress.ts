import type { BuildEvent } from '../../../builder/index.ts';
import type { Terminal } from '../terminal.ts';
import { createJsonProgress } from './json-progress.ts';
import { createPlainProgress } from './plain-progress.ts';

/** `auto` is lines with live output; `plain` numbers every line for logs; `json` is one JSON object a line. */
export type ProgressMode = 'auto' | 'plain' | 'json';

/** Shows a build on stderr while it runs. */
export interface BuildProgress extends Disposable {
  readonly show: (event: BuildEvent) => void;
  /** The last line, when all went well. */
  end(summary: string): void;
}

export function createBuildProgress(terminal: Terminal, mode: ProgressMode): BuildProgress {
  if (mode === 'json') return createJsonProgress(terminal);
  return createPlainProgress(terminal, mode === 'auto' && terminal.isInteractive ? 'live' : 'log');
}
