import { plainLine } from './plain-line.ts';

/** Keeps the last lines of what a command printed, for the message should it fail. */
export interface OutputTail {
  push(chunk: Buffer): void;
  /** At most 20 lines and 8 KiB, without control characters but tabs and line ends. */
  text(): string;
}

const keptBytes = 8192;
const keptLines = 20;

export function tailOfOutput(): OutputTail {
  let tail = Buffer.alloc(0);
  return {
    push(chunk) {
      tail = Buffer.concat([tail, chunk.subarray(-keptBytes)]).subarray(-keptBytes);
    },
    text() {
      const lines = tail.toString('utf8').split('\n').map(plainLine);
      if (lines.at(-1) === '') lines.pop();
      return lines.slice(-keptLines).join('\n');
    },
  };
}
