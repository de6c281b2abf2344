import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createTempDir } from '../../../src/disk/temp-dir.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import type { Launch } from '../recorded-upstream/called-process.ts';

/**
 * A mount namespace for each command, in which the directories that container clients write to are below a temporary
 * directory: /etc, /run, /var/lib, /var/tmp and /root. So clients run as installed, with their own default paths, see
 * nothing of this machine's configuration, and leave nothing behind: their mounts end with their processes.
 */
export interface PrivateMachine extends AsyncDisposable {
  readonly directory: string;
  /** A command line that runs a command inside, with an environment of its own. It has the process id that is started. */
  argv(command: readonly string[]): { readonly file: string; readonly args: readonly string[] };
  /** Runs a command to its end. Throws `CommandFailed` unless it exits with 0. */
  run(command: readonly string[], options?: RunOptions): Promise<CommandOutput>;
  /** Where a path of the inside is outside. */
  outside(path: string): string;
  /** Writes a text file by its path inside. */
  write(path: string, text: string): Promise<void>;
  /** Reads a text file by its path inside. */
  read(path: string): Promise<string>;
  /** Empties a directory, by its path inside; makes it where missing. */
  clear(path: string): Promise<void>;
}

export interface RunOptions {
  /** Default 60 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface CommandOutput {
  readonly stdout: string;
  readonly durationMs: number;
}

export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly command: readonly string[];
  readonly exitCode: number | null;
  /** The last MiB of stdout, then of stderr. */
  readonly output: string;

  constructor(command: readonly string[], exitCode: number | null, output: string) {
    super(`${command.join(' ')} ended with ${exitCode}: ${output.trim().slice(-2000)}`);
    this.command = command;
    this.exitCode = exitCode;
    this.output = output;
  }
}

/** Why no such machine can be made here, or null. */
export async function whyNoPrivateMachine(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'needs root';
  const tried = await runCommand('unshare', ['--mount', 'mount', '--bind', '/usr', '/usr']);
  return tried.exitCode === 0 ? null : `no mount namespace: ${tried.stderr.toString().trim()}`;
}

/** `launch` makes its commands run elsewhere, as in a network namespace. */
export async function createPrivateMachine(
  name: string,
  launch: Launch = (command) => command,
): Promise<PrivateMachine> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await createTempDir(tmpdir(), `ashlar-oci-${name}`));
  const outside = (path: string): string => join(directory, path);
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(outside(path)), { recursive: true });
    await writeFile(outside(path), text);
  };
  for (const path of privatePaths) await mkdir(outside(path), { recursive: true });
  for (const [path, text] of Object.entries(etcFiles)) await write(path, text);
  const unshare = ['unshare', '--mount', '--propagation=private', 'sh', '-euc', script, 'sh'];
  const argv = (command: readonly string[]) => {
    const [file = '', ...args] = launch([...unshare, directory, ...command]);
    return { file, args };
  };
  const owned = stack.move();
  return {
    directory,
    argv,
    run: (command, options = {}) => runInside(command, argv(command), options),
    outside,
    write,
    read: (path) => readFile(outside(path), 'utf8'),
    async clear(path) {
      await rm(outside(path), { recursive: true, force: true });
      await mkdir(outside(path), { recursive: true });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function runInside(
  command: readonly string[],
  { file, args }: ReturnType<PrivateMachine['argv']>,
  { timeoutMs = 60_000, signal }: RunOptions,
): Promise<CommandOutput> {
  const startMs = performance.now();
  const result = await runCommand(file, args, {
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });
  const stdout = result.stdout.toString();
  if (result.exitCode !== 0) {
    throw new CommandFailed(command, result.exitCode, `${stdout}${result.stderr.toString()}`);
  }
  return { stdout, durationMs: performance.now() - startMs };
}

const privatePaths = ['/etc', '/run', '/var/lib', '/var/tmp', '/root'];

/** The search path inside: programs of Debian packages, none that were put into /usr/local. */
export const programPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Ends with this process, also when that is killed. The directory of the machine is the first argument. */
const script = `
directory=$1
shift
for path in ${privatePaths.join(' ')}; do mount --bind "$directory$path" "$path"; done
exec env -i PATH=${programPath} HOME=/root TMPDIR=/var/tmp LANG=C.UTF-8 setpriv --pdeathsig KILL "$@"
`;

/** No name server answers there: only `localhost` has an address. */
const etcFiles = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  '/etc/group': 'root:x:0:\n',
  '/etc/hosts': '127.0.0.1 localhost\n',
  '/etc/resolv.conf': 'nameserver 127.0.0.1\noptions attempts:1 timeout:1\n',
  '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};
