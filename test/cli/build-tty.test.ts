import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../src/process/run-command.ts';
import { type CliBench, createCliBench, whyNoSteps } from './cli-bench.ts';

const why = [whyNoSteps, await whyNoScript()].filter((reason) => reason !== '').join(', ');
const columns = 60;
let bench: CliBench;

beforeAll(async () => {
  if (why === '') bench = await createCliBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

async function whyNoScript(): Promise<string> {
  const { exitCode } = await runCommand('sh', ['-c', 'command -v script']);
  return exitCode === 0 ? '' : 'needs script';
}

/** Everything that a build writes to a terminal of 60 columns. */
async function onTerminal(
  dockerfile: string,
): Promise<{ written: string; exitCode: number | null }> {
  const command = `stty cols ${columns} rows 20; exec "$ASHLAR_TEST_PROGRAM" build . --network none`;
  const under = ['script', '-qefc', command, '/dev/null'];
  const { stdout, exitCode } = await bench.build(dockerfile, {
    under: ['sh', '-c', `ASHLAR_TEST_PROGRAM=$1 exec ${quoted(under)}`, 'sh'],
  });
  return { written: stdout, exitCode };
}

function quoted(argv: readonly string[]): string {
  return argv.map((word) => `'${word}'`).join(' ');
}

const escape = '\u001b';
const eraseLine = `${escape}[K`;

/** The rows that a terminal shows after these bytes: wrapping, carriage returns and erasing to the end of a line. */
function screenOf(written: string): string[] {
  const rows: string[][] = [[]];
  let [row, column] = [0, 0];
  for (const part of written.split(/(?<=\n)/)) {
    for (const [index, piece] of part.split(eraseLine).entries()) {
      if (piece.includes(escape)) throw new Error(`not expected: ${JSON.stringify(piece)}`);
      const line = (rows[row] ??= []);
      if (index > 0) line.length = Math.min(line.length, column);
      for (const character of piece) {
        if (character === '\r') column = 0;
        else if (character === '\n') row += 1;
        else {
          if (column === columns) [row, column] = [row + 1, 0];
          (rows[row] ??= [])[column] = character;
          column += 1;
        }
      }
    }
  }
  return rows.map((line) => line.join('').trimEnd());
}

describe.skipIf(why !== '')(`ashlar build on a terminal ${why}`, () => {
  it('shows what is running in a line that is gone in the end', async () => {
    const { written, exitCode } = await onTerminal(`FROM base:test
RUN echo "a command whose line is much longer than the terminal is wide"; sleep 0.6; printf 'half'; sleep 0.3; printf ' and half\\n\\033[2J\\033[31m10%%\\r90%%\\n'
RUN echo second; exit 3
`);
    expect(exitCode).toBe(1);
    const redrawn = written.split(`\r${eraseLine}`);
    expect(
      redrawn.filter((part) => /^=> \d+\.\ds \[1\/2\] RUN echo "a/.test(part)).length,
    ).toBeGreaterThan(2);
    const screen = screenOf(written);
    expect(screen.filter((line) => line.includes('=>'))).toEqual([]);
    const text = screen.join('\n');
    expect(text).toMatch(/^#1 \d+\.\d+ half and half$/m);
    expect(text).toMatch(/^#1 \d+\.\d+ 90%$/m);
    expect(text).toMatch(/^#2 ERROR step_failed \d+\.\d+s$/m);
    expect(text).toMatch(/^ {2}code: step_failed; to act/m);
  });

  it('ends with the result', async () => {
    const { written, exitCode } = await onTerminal('FROM base:test\nRUN sleep 0.3\n');
    expect(exitCode).toBe(0);
    const screen = screenOf(written).filter((line) => line !== '');
    // A digest is longer than the terminal is wide.
    expect(screen.slice(-2).join('')).toMatch(/^blake3:[0-9a-f]{64}$/);
    expect(screen.filter((line) => line.includes('=>'))).toEqual([]);
  });
});
