import type { BuildEvent } from '../../../builder/index.ts';
import type { Terminal } from '../terminal.ts';
import type { BuildProgress } from './build-progress.ts';

/** One JSON object a line; output of commands as text with its bytes kept as far as UTF-8 can. */
export function createJsonProgress({ stderr }: Terminal): BuildProgress {
  return {
    show(event) {
      stderr.write(`${JSON.stringify(plainEvent(event))}\n`);
    },
    end(summary) {
      stderr.write(`${JSON.stringify({ kind: 'end', summary })}\n`);
    },
    [Symbol.dispose]() {},
  };
}

function plainEvent(event: BuildEvent): object {
  return event.kind === 'step-output' ? { ...event, chunk: event.chunk.toString('utf8') } : event;
}
