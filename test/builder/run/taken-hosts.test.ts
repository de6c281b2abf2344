import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TakenConnection, TakenHosts } from '../../../builder/run/taken-hosts.ts';
import { findTool, toolEnvironment } from '../../../builder/run/tool-environment.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import {
  createBench,
  leftovers,
  listing,
  runStep,
  shellStep,
  whyNoSteps,
  type Bench,
} from './fixture.ts';
import type { TakenRequest } from './taken-host.ts';

let bench: Bench;
let disk: string;

beforeAll(async () => {
  if (whyNoSteps !== '') return;
  bench = await createBench();
  disk = await bench.disk('taken');
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

const names = ['One.example', 'two.example', 'one.example', 'bad name', '192.0.2.1'];

/** Answers each connection with what `say` makes of it. */
function answering(say: (connection: TakenConnection) => Promise<string>): TakenHosts {
  return { names, take: (connection) => void answer(connection, say) };
}

async function answer(
  connection: TakenConnection,
  say: (connection: TakenConnection) => Promise<string>,
): Promise<void> {
  connection.socket.end(`${await say(connection)}\n`);
}

function step(script: string, taken: TakenHosts, network: 'isolated' | 'none' = 'isolated') {
  return runStep(shellStep(bench, disk, script, { network, taken, env: { MARK: 'a=b' } }));
}

const hosts = 'grep 198 /etc/hosts';

describe.skipIf(whyNoSteps !== '')(`names that are taken ${whyNoSteps}`, () => {
  it.for(['pasta', 'slirp4netns'] as const)(
    'lead here, at two ports alone, and are told apart, with %s',
    async (networkHelper, { skip }) => {
      skip((await findTool(networkHelper)) === undefined, `needs ${networkHelper}`);
      const taken = answering(({ name, port }) => Promise.resolve(`${name} ${port}`));
      const script = `${hosts}
        for name in one two; do for port in 80 443; do nc -w 5 $name.example $port < /dev/null; done; done
        for place in '198.18.1.3 443' '198.18.1.1 22' '198.18.0.1 443'; do
          nc -w 5 $place < /dev/null | grep . || echo none; done`;
      const { stdout, entries } = await runStep(
        shellStep(bench, disk, script, { network: 'isolated', taken, tools: { networkHelper } }),
      );
      expect(stdout.split('\n')).toEqual([
        '198.18.1.1\tone.example',
        '198.18.1.2\ttwo.example',
        'one.example 80',
        'one.example 443',
        'two.example 80',
        'two.example 443',
        'none',
        'none',
        'none',
        '',
      ]);
      expect(listing(entries)).toEqual([]);
    },
  );

  it('are asked by programs that can be looked at', async () => {
    const taken = answering(async ({ name, asker }) => {
      const process = await asker();
      const argv = (await process?.argv())?.filter((word) => word !== '').join(' ');
      const mark = (await process?.environment())?.get('MARK');
      return `${name}: ${argv}, ${mark}, ${await process?.workingDirectory()}`;
    });
    const script = `mkdir -p '/a b' && cd '/a b' && nc -w 5 one.example 443 < /dev/null & 
      (cd /tmp && MARK=c exec nc -w 5 two.example 443 < /dev/null) & wait`;
    const { stdout } = await step(script, taken);
    expect(stdout.trim().split('\n').toSorted()).toEqual([
      'one.example: nc -w 5 one.example 443, a=b, /a b',
      'two.example: nc -w 5 two.example 443, c, /tmp',
    ]);
  });

  it('are asked by programs whose files are read within the container, and never waited for', async () => {
    const paths = ['/fifo', '/out', '/up', '/folder', '/large', '/link', '/none', '/dev/zero'];
    const taken = answering(async ({ asker }) => {
      const process = await asker();
      const texts = paths.map(async (path) => (await process?.readText(path, 100))?.trim() ?? '-');
      return (await Promise.all(texts)).join(' ');
    });
    const script = `mkfifo /fifo; ln -s ${process.execPath} /out; ln -s /../../../../file /up; echo own > /file
      mkdir /folder; head -c 200 /dev/zero > /large; ln -s file /link
      nc -w 5 one.example 443 < /dev/null`;
    const { stdout } = await step(script, taken);
    expect(stdout).toBe('- - own - - own - -\n');
  });

  it('have no program where nobody holds the connection any more', async () => {
    const gone = Promise.withResolvers<unknown>();
    const taken: TakenHosts = {
      names,
      take({ socket, asker }) {
        socket.resume().end('bye\n');
        socket.once('close', () => void asker().then(gone.resolve));
      },
    };
    await step('nc -w 5 one.example 443 < /dev/null; true', taken);
    expect(await gone.promise).toBe(null);
  });

  it('are let go of with the step', async () => {
    const closed = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const taken: TakenHosts = {
      names,
      take({ socket }) {
        socket
          .resume()
          .once('close', () => closed.resolve())
          .write('hello\n');
        begun.resolve();
      },
    };
    const script =
      'mkfifo /tmp/f; (nc one.example 443 <> /tmp/f > /tmp/said &); until [ -s /tmp/said ]; do :; done';
    const { step: done } = await step(script, taken);
    await Promise.all([begun.promise, closed.promise]);
    expect(done.exitCode).toBe(0);
    expect(await leftovers(bench)).toEqual([]);
  });

  it('are not heeded without a network', async () => {
    const { stdout } = await step(
      `${hosts} || echo none`,
      answering(() => Promise.resolve('')),
      'none',
    );
    expect(stdout).toBe('none\n');
  });

  it('are where they are for everybody when this program cannot be started again, as after an upgrade', async () => {
    const program = process.execPath;
    process.execPath = '/nonexistent/node';
    try {
      const { stdout, step: done } = await step(
        `${hosts} || echo none`,
        answering(() => Promise.resolve('')),
      );
      expect([stdout, done.exitCode]).toEqual(['none\n', 0]);
      expect(done.notices).toEqual([
        expect.stringMatching(
          /^One\.example, two\.example, .* are reached without a mirror: .*nonexistent/,
        ),
      ]);
    } finally {
      process.execPath = program;
    }
    expect(await leftovers(bench)).toEqual([]);
  });

  it('are all there is on a host without a default route', async () => {
    const request: TakenRequest = {
      workRoot: bench.workRoot,
      disk,
      script:
        'cat /etc/resolv.conf; nc -w 5 one.example 443 < /dev/null; nc -w 1 192.0.2.1 80 < /dev/null 2>&1 | grep -o unreachable',
    };
    const program = join(import.meta.dirname, 'taken-host.ts');
    const host = [process.execPath, program, JSON.stringify(request)];
    const { stdout, stderr, exitCode } = await runCommand('unshare', ['--net', '--', ...host], {
      env: toolEnvironment(),
      timeoutMs: 60_000,
    });
    expect([exitCode, stderr.toString()]).toEqual([0, '']);
    expect(stdout.toString()).toBe(
      '# This step reaches nothing but names in /etc/hosts.\none.example 443\nunreachable\n',
    );
  });
});
