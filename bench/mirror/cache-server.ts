import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AshlarError } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';
import { quoted } from '../commands.ts';
import { peakResidentBytes } from './resident-memory.ts';

/** A registry cache that is measured, as a command line. */
export interface CacheServer {
  readonly name: string;
  /** Installs what it needs; once. */
  prepare(context: BenchContext): Promise<void>;
  /** Writes its configuration into `directory`, where it keeps everything, and gives its command. */
  command(place: ServerPlace): Promise<ServerCommand>;
}

export interface ServerPlace {
  readonly context: BenchContext;
  /** Empty. */
  readonly directory: string;
  readonly port: number;
  /** Ends in a slash. */
  readonly upstream: string;
}

export interface ServerCommand {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningServer extends AsyncDisposable {
  /** Ends in a slash. */
  readonly url: string;
  /** Of all its processes: the sum of what each had at most. */
  peakBytes(): Promise<number>;
}

const startTimeoutMs = 60_000;
const endTimeoutMs = 10_000;

/** Starts a server with nothing in its cache, and waits until it answers. */
export async function startServer(
  server: CacheServer,
  place: Omit<ServerPlace, 'port'>,
): Promise<RunningServer> {
  const { context, directory } = place;
  const port = await freePort();
  const { argv, env = {} } = await server.command({ ...place, port });
  const [file = '', ...args] = argv;
  context.say(`$ ${argv.map(quoted).join(' ')}`);
  const logFile = join(directory, 'server.log');
  await using log = await open(logFile, 'w');
  const child = spawn(file, args, {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['ignore', log.fd, log.fd],
  });
  const url = `http://127.0.0.1:${port}/`;
  try {
    await untilAnswered(child, url, context.signal);
  } catch (error) {
    await end(child);
    if (!(error instanceof AshlarError)) throw error;
    const words = (await readFile(logFile, 'utf8')).slice(-500);
    throw new AshlarError('internal', `${error.message}: ${words}`, { cause: error });
  }
  return {
    url,
    peakBytes: () => peakResidentBytes(child.pid ?? 0),
    [Symbol.asyncDispose]: () => end(child),
  };
}

async function untilAnswered(child: ChildProcess, url: string, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(startTimeoutMs)]);
  for (;;) {
    deadline.throwIfAborted();
    if (child.exitCode !== null) {
      throw new AshlarError('internal', `${child.spawnfile} ended with ${child.exitCode}`);
    }
    try {
      const answer = await fetch(`${url}-/ping`, { signal: deadline });
      await answer.arrayBuffer();
      return;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      await pause(50);
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const inTime = await Promise.race([
    exited.then(() => true),
    pause(endTimeoutMs, false, { ref: false }),
  ]);
  if (inTime) return;
  child.kill('SIGKILL');
  await exited;
}

/** One that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const closed = once(server, 'close');
  server.close();
  await closed;
  return port;
}
