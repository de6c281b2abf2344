import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { AshlarError, type CommandResult, runCommand, systemErrorCode } from '../../src/index.ts';
import { toolEnvironment } from './tool-environment.ts';

/**
 * A private mount and pid namespace. Its first process, the keeper, does nothing but read a pipe that only
 * this process can write to. When the pipe closes, because the handle is disposed or because this process
 * was killed in whatever way, the keeper ends; the kernel then kills all that runs in the namespace, and with the
 * last of it the mounts and their loop devices (made with autoclear) go away. Nothing has to be undone by hand.
 *
 * The keeper never waits for children. A process of the namespace whose parent has ended therefore stays a
 * zombie, and its wait status stays readable in /proc.
 */
export interface StepNamespace extends AsyncDisposable {
  /** A process whose /proc entries lead into the mount namespace; the pid namespace hangs below it. */
  readonly pid: number;
  /** How this process reaches an absolute path of the namespace. Absolute links in it lead outside: resolve them first. */
  outside(path: string): string;
  /** The program and arguments that run `argv` inside, in the step's directory. */
  enter(argv: readonly string[]): readonly [string, readonly string[]];
  /** Runs a command inside to its end. Throws the signal's reason when the namespace was ended by it. */
  run(argv: readonly string[]): Promise<CommandResult>;
}

export interface StepNamespaceOptions {
  /** The step's directory: the working directory of all that runs inside. */
  readonly directory: string;
  /** Shell text that prepares the namespace; it says `at <stage>` before each thing that can fail. */
  readonly prepare: string;
  readonly args: readonly string[];
  /** Run inside before the namespace ends, unless this process is killed; its failure is of no consequence. */
  readonly farewell: readonly string[];
  /** Ends the namespace at once. */
  readonly signal: AbortSignal;
}

/** The preparation of a namespace failed: which stage, and what the tools said. */
export class NamespaceError extends Error {
  readonly stage: string;
  constructor(stage: string, words: string) {
    super(`preparing the step failed at "${stage}": ${words}`);
    this.name = 'NamespaceError';
    this.stage = stage;
  }
}

type Keeper = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts the keeper and waits until its preparation is done. Throws `NamespaceError` when that fails,
 * `tool_missing` without util-linux, and the signal's reason.
 */
export async function openStepNamespace(options: StepNamespaceOptions): Promise<StepNamespace> {
  const { signal } = options;
  signal.throwIfAborted();
  const keeper = startKeeper(options);
  const closed = once(keeper, 'close');
  try {
    // An abort waits for this: mounts that are cut short are harder to get rid of than whole ones.
    await ready(keeper, closed);
  } catch (error) {
    await endKeeper(keeper, closed);
    signal.throwIfAborted();
    throw error;
  }
  return namespaceOf(keeper, closed, options);
}

function namespaceOf(
  keeper: Keeper,
  closed: Promise<unknown>,
  { farewell, signal }: StepNamespaceOptions,
): StepNamespace {
  const pid = keeper.pid ?? 0;
  const running = new Set<Promise<unknown>>();
  const runInside = async (
    argv: readonly string[],
    limit: { readonly timeoutMs?: number } = {},
  ) => {
    const command = runCommand(...enter(pid, argv), { env: toolEnvironment(), ...limit });
    running.add(command);
    return command.finally(() => running.delete(command));
  };
  const end = async (): Promise<void> => {
    await Promise.allSettled([runInside(farewell, { timeoutMs: farewellTimeoutMs })]);
    await endKeeper(keeper, closed);
    await Promise.allSettled(running);
  };
  let ended: Promise<void> | undefined;
  const endOnce = (): Promise<void> => (ended ??= end());
  const onAbort = (): void => {
    // Awaited, and its failure seen, when the handle is disposed.
    endOnce().catch(() => {});
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    pid,
    outside: (path) => `/proc/${pid}/root${path}`,
    enter: (argv) => enter(pid, argv),
    async run(argv) {
      signal.throwIfAborted();
      const result = await runInside(argv);
      signal.throwIfAborted();
      return result;
    },
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', onAbort);
      await endOnce();
    },
  };
}

const farewellTimeoutMs = 2_000;
/** Without perl, what the step wrote is written out first. */
const endTimeoutMs = 120_000;

/** Lets the keeper go and waits until nothing of its namespace runs; throws `internal` when something does not end. */
async function endKeeper(keeper: Keeper, closed: Promise<unknown>): Promise<void> {
  keeper.stdin.destroy();
  const waited = new AbortController();
  const tooLate = delay(endTimeoutMs, 'late', { ref: false, signal: waited.signal });
  const [outcome] = await Promise.allSettled([Promise.race([closed, tooLate])]);
  waited.abort();
  await Promise.allSettled([tooLate]);
  if (outcome.status === 'fulfilled' && outcome.value === 'late') {
    throw new AshlarError('internal', `the namespace of process ${keeper.pid} does not end`);
  }
}

function startKeeper({ directory, prepare, args }: StepNamespaceOptions): Keeper {
  // prettier-ignore
  const unshare = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const script = `set -eu\nat() { printf 'at %s\\n' "$1"; }\n${prepare}\nat ready\nexec cat > /dev/null`;
  // A session of its own: an interrupt typed at the terminal reaches this process alone.
  return spawn('unshare', [...unshare, '--', 'sh', '-c', script, 'sh', ...args], {
    cwd: directory,
    env: toolEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
}

/** `nsenter --pid` forks, so that the command itself is in the pid namespace and dies with it. */
function enter(pid: number, argv: readonly string[]): readonly [string, readonly string[]] {
  const pidNamespace = `--pid=/proc/${pid}/ns/pid_for_children`;
  const own = ['--target', String(pid), '--mount', pidNamespace, '--wd'];
  return ['setsid', ['nsenter', ...own, '--', ...argv]];
}

async function ready(keeper: Keeper, closed: Promise<unknown>): Promise<void> {
  let stage = 'start';
  let words = '';
  keeper.stdin.on('error', () => {
    // The keeper left first; its exit tells why.
  });
  keeper.stderr.on('data', (chunk: Buffer) => {
    if (words.length < 10_000) words += chunk.toString('utf8');
  });
  const prepared = new Promise<void>((resolve) => {
    let said = '';
    keeper.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      stage = /.*at (\w+)\n/s.exec(said)?.[1] ?? stage;
      if (stage === 'ready') resolve();
    });
  });
  const ended = closed.then(
    () => {
      throw new NamespaceError(stage, words.trim() || 'no message');
    },
    (error: unknown) => {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      throw new AshlarError('tool_missing', 'the program unshare is not installed', {
        data: { tool: 'unshare' },
        cause: error,
      });
    },
  );
  await Promise.race([prepared, ended]);
  ended.catch(() => {
    // From here on, the keeper's end is an ordinary one.
  });
}
