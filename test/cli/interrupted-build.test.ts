import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type CliBench,
  type CliResult,
  createCliBench,
  documentOf,
  type RunningCli,
  whyNoSteps,
} from './cli-bench.ts';

const dockerfile = `FROM base:test
RUN echo one; sleep 0.1
COPY . /context
RUN trap '' INT TERM; (setsid sleep 1000 &); echo two; sleep 0.3; head -c 20000000 /dev/urandom >/large
COPY --from=base:test /data /copied
RUN cat /copied/a
`;
/** Where a build is when it is interrupted, by what it has said on stderr. */
const moments: readonly (readonly [name: string, said: RegExp])[] = [
  ['planned', /"kind":"plan"/],
  ['before the first RUN', /"kind":"step-start","step":\{"number":1,/],
  ['in the first RUN', /"kind":"step-output","step":1,/],
  ['behind the first RUN', /"kind":"step-end","step":\{"number":1,/],
  ['in a COPY', /"kind":"step-start","step":\{"number":2,/],
  ['in a RUN that takes no notice', /"kind":"step-output","step":3,/],
  ['in a COPY --from', /"kind":"step-start","step":\{"number":4,/],
  ['nearly done', /"kind":"step-end","step":\{"number":5,/],
];
let bench: CliBench;
let directory: string;

beforeAll(async () => {
  if (whyNoSteps !== '') return;
  bench = await createCliBench();
  directory = await bench.context({
    Dockerfile: dockerfile,
    large: 'x'.repeat(5_000_000),
    'a/b': '',
  });
});
afterEach(() => bench.requireClean());
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

function start(): RunningCli {
  const args = ['--no-cache', '--network', 'isolated', '--progress', 'json', '--output', 'json'];
  return bench.start(['build', directory, '-t', 'stopped', ...args]);
}

/** As ctrl-C at a terminal does: to all processes of the group. */
function interrupt({ pid }: RunningCli): void {
  process.kill(-pid, 'SIGINT');
}

/** How a build ended: `130 interrupted SIGINT` when all is as it should be. */
function endingOf(result: CliResult): string {
  if (result.signal !== null) return result.signal;
  if (result.exitCode === 0) return 'done';
  const { code, data } = documentOf(result).error;
  return `${result.exitCode} ${code} ${String(data['signal'])}`;
}

describe.skipIf(whyNoSteps !== '')(`ctrl-C ${whyNoSteps}`, () => {
  it.each(moments)('ends a build that is %s', async (name, said) => {
    const running = start();
    await running.said(said);
    interrupt(running);
    const endings = ['130 interrupted SIGINT', ...(name === 'nearly done' ? ['done'] : [])];
    expect(endings).toContain(endingOf(await running.result));
  });

  it('ends a build at any time, again and again', async () => {
    for (const afterMs of [5, 40, 90, 150, 220, 300, 400]) {
      const running = start();
      await delay(afterMs);
      interrupt(running);
      await delay(3);
      if (running.child.exitCode === null && running.child.signalCode === null) interrupt(running);
      // Before it listens for signals, the signal itself ends it: a shell shows 130 then too.
      expect(['130 interrupted SIGINT', 'SIGINT']).toContain(endingOf(await running.result));
    }
  });

  it('is told in words, and SIGTERM ends a build as well', async () => {
    const running = bench.start(['build', directory, '--no-cache', '--network', 'none']);
    await running.said(/#3 \d+\.\d+ two/);
    // What is looked for after every test is found while it is there.
    const found = (await bench.leftovers()).join('\n');
    for (const kind of [
      /^process \d+ by mountinfo/m,
      /^loop device /m,
      /^cgroup step-/m,
      /^file /m,
    ])
      expect(found).toMatch(kind);
    process.kill(running.pid, 'SIGTERM');
    const { exitCode, stdout, stderr } = await running.result;
    expect([exitCode, stdout]).toEqual([130, '']);
    expect(stderr).toMatch(
      /#3 ERROR interrupted \d+\.\d+s\nerror: ended by SIGTERM\n {2}code: interrupted; /,
    );
  });
});
