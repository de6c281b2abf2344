import { spawn } from 'node:child_process';

export interface ChildRequest {
  readonly argv: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Of stdout; a child that writes more is ended. */
  readonly maxOutputBytes?: number;
  /** How long it may take to take down what it has set up. */
  readonly graceMs?: number;
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (text: string) => void;
}

export interface ChildResult {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  /** The last of it. */
  readonly stderr: string;
  /** Why it was ended from here; null where it came to its end by itself. */
  readonly endedFor: 'timeout' | 'output' | null;
}

/** Ends of children take as long as a container needs to be taken down. */
const usualGraceMs = 20_000;
/** What a killed child has written is read within this time. */
const drainMs = 1_000;
const keptStderrChars = 16 * 1024;
const usualMaxOutputBytes = 64 * 1024 * 1024;

/**
 * Runs a program in a process group of its own, to its end. When the signal aborts, the time is over or it writes too
 * much, the group is interrupted as by ctrl-C, so that it takes down what it has set up, and killed where that takes too long; then,
 * too, this waits until it is gone. Throws the abort reason, and the system's error where the program cannot be started.
 */
export async function runChild(request: ChildRequest): Promise<ChildResult> {
  const { argv, env, cwd, timeoutMs, signal } = request;
  const maxOutputBytes = request.maxOutputBytes ?? usualMaxOutputBytes;
  signal.throwIfAborted();
  const [file, ...args] = argv;
  const child = spawn(file, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let endedFor: ChildResult['endedFor'] = null;
  let isEnding = false;
  let killTimer: NodeJS.Timeout | undefined;
  const signalGroup = (name: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'ESRCH') throw error;
    }
  };
  const kill = (): void => {
    signalGroup('SIGKILL');
    clearTimeout(killTimer);
    // Whoever has left the group may hold them open.
    killTimer = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, drainMs);
  };
  const end = (): void => {
    if (isEnding) return;
    isEnding = true;
    signalGroup('SIGINT');
    killTimer = setTimeout(kill, request.graceMs ?? usualGraceMs);
  };
  // What it started in the background does not heed the interrupt (POSIX shells), and is of no use any more.
  child.on('exit', () => {
    if (isEnding) kill();
  });
  const timer = setTimeout(() => {
    endedFor ??= 'timeout';
    end();
  }, timeoutMs);
  signal.addEventListener('abort', end);
  const stdout: Buffer[] = [];
  let stdoutBytes = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    request.onStdout?.(chunk);
    stdoutBytes += chunk.length;
    if (stdoutBytes <= maxOutputBytes) stdout.push(chunk);
    else {
      endedFor ??= 'output';
      end();
    }
  });
  child.stderr.on('data', (chunk: Buffer) => {
    const text = chunk.toString('utf8');
    request.onStderr?.(text);
    stderr = (stderr + text).slice(-keptStderrChars);
  });
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    signal.throwIfAborted();
    return { exitCode, stdout: Buffer.concat(stdout), stderr, endedFor };
  } finally {
    clearTimeout(timer);
    clearTimeout(killTimer);
    signal.removeEventListener('abort', end);
  }
}
