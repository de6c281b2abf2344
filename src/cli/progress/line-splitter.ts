import { StringDecoder } from 'node:string_decoder';
import { plainLine } from '../../../builder/index.ts';

/** Cuts the output of a command into lines that change no terminal, each of its two streams by itself. */
export interface LineSplitter {
  /** The lines that are whole now; one that is very long comes in pieces. */
  push(stream: 'stdout' | 'stderr', chunk: Buffer): string[];
  /** What is left when the command has ended. */
  end(): string[];
}

const maxLine = 4096;

export function createLineSplitter(): LineSplitter {
  const streams = { stdout: createStreamSplitter(), stderr: createStreamSplitter() };
  return {
    push: (stream, chunk) => streams[stream].push(chunk).map(plainLine),
    end: () => [...streams.stdout.end(), ...streams.stderr.end()].map(plainLine),
  };
}

function createStreamSplitter(): { push(chunk: Buffer): string[]; end(): string[] } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return {
    push(chunk) {
      const parts = (rest + decoder.write(chunk)).split('\n');
      rest = parts.pop() ?? '';
      if (rest.length > maxLine) {
        parts.push(rest);
        rest = '';
      }
      return parts;
    },
    end() {
      const last = rest + decoder.end();
      rest = '';
      return last === '' ? [] : [last];
    },
  };
}
