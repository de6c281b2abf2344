import { StringDecoder } from 'node:string_decoder';
import type { BuildEvent } from '../../../builder/index.ts';
import type { Terminal } from '../terminal.ts';
import type { BuildProgress } from './build-progress.ts';

/** One JSON object a line; output of commands as text, as far as it is UTF-8. */
export function createJsonProgress({ stderr }: Terminal): BuildProgress {
  const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
  const plainEvent = (event: BuildEvent): object =>
    event.kind === 'step-output'
      ? { ...event, chunk: decoders[event.stream].write(event.chunk) }
      : event;
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
