/** Keeps the last lines of what a command printed, for the message should it fail. */
export interface OutputTail {
  push(chunk: Buffer): void;
  /** At most 20 lines and 8 KiB, without control characters but tabs and line ends. */
  text(): string;
}

const keptBytes = 8192;
const keptLines = 20;
const escape = '\\u001b';
const bell = '\\u0007';
/** ECMA-48: control sequences, operating system commands, other escapes. */
const escapeSequence = new RegExp(
  `${escape}(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^${bell}${escape}]*(?:${bell}|${escape}\\\\)|[@-Z\\\\-_])`,
  'g',
);
// oxlint-disable-next-line no-control-regex -- they are what is taken out
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

export function tailOfOutput(): OutputTail {
  let tail = Buffer.alloc(0);
  return {
    push(chunk) {
      tail = Buffer.concat([tail, chunk.subarray(-keptBytes)]).subarray(-keptBytes);
    },
    text() {
      // A terminal shows what is behind the last carriage return of a line.
      const lines = tail
        .toString('utf8')
        .replace(escapeSequence, '')
        .split('\n')
        .map((line) => line.replace(/\r$/, '').split('\r').at(-1) ?? '')
        .map((line) => line.replace(controlCharacters, ''));
      if (lines.at(-1) === '') lines.pop();
      return lines.slice(-keptLines).join('\n');
    },
  };
}
