import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeBaseArchive } from '../builder/build/base-tree.ts';
import { type TreeSketch, writeTree } from '../builder/context/make-tree.ts';
import { findLeftovers } from './leftovers.ts';

export { whyNoSteps } from '../builder/run/fixture.ts';

const program = join(import.meta.dirname, '../../bin/ashlar');

/** A state directory, a store with the image `base:test`, and the command line on them. */
export interface CliBench extends AsyncDisposable {
  readonly path: string;
  readonly home: string;
  readonly baseArchive: string;
  /** Variables that make the command line work here. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs `ashlar` to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<CliResult>;
  start(args: readonly string[], options?: RunOptions): RunningCli;
  /** Runs `ashlar build` on a directory with this Dockerfile. */
  build(dockerfile: string, options?: CliBuildOptions): Promise<CliResult>;
  /** Makes a directory of these files. */
  context(files: TreeSketch): Promise<string>;
  /** What is left of all that was started here: mounts, loop devices, processes, cgroups, files. */
  leftovers(): Promise<string[]>;
  /** Throws when there is anything left. */
  requireClean(): Promise<void>;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** The program and arguments to start instead, `ashlar` and its own arguments last. */
  readonly under?: readonly string[];
}

export interface CliBuildOptions extends RunOptions {
  readonly context?: TreeSketch | string;
  readonly args?: readonly string[];
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly result: Promise<CliResult>;
  /** Resolves when stderr has had this; rejects when the program ends without it. */
  said(pattern: RegExp): Promise<void>;
}

export interface CliResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const endAfterMs = 90_000;

/** The document that `--output json` gave; throws when stdout is anything but one. */
export function jsonOf({ stdout, stderr }: CliResult): unknown {
  if (!/^\{.*\}\n$/.test(stdout)) throw new Error(`not one JSON document: ${stdout}\n${stderr}`);
  return JSON.parse(stdout);
}

/** The same of a build, or of anything that failed. */
export function documentOf(result: CliResult): CliDocument {
  return jsonOf(result) as CliDocument;
}

export interface CliDocument {
  readonly digest: string;
  readonly tags: readonly string[];
  readonly steps: { readonly total: number; readonly cached: number; readonly executed: number };
  readonly ledger: { readonly wallMs: number; readonly unexplainedMs: number };
  readonly error: CliError;
}

export interface CliError {
  readonly code: string;
  readonly class: string;
  readonly message: string;
  readonly hint: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export async function createCliBench(options: { home?: string } = {}): Promise<CliBench> {
  const path = await mkdtemp(join(tmpdir(), 'ashlar-cli-'));
  const home = options.home ?? join(path, 'home');
  await mkdir(home, { recursive: true });
  const store = pathToFileURL(join(path, 'store')).href;
  const env = { ...process.env, ASHLAR_HOME: home, ASHLAR_STORE: store };
  const baseArchive = await makeBaseArchive(path);
  const pids: number[] = [];
  const start: CliBench['start'] = (args, { env: more = {}, cwd, under = [] } = {}) => {
    const [file = program, ...rest] = [...under, program, ...args];
    const child = spawn(file, rest, {
      cwd: cwd ?? path,
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const running = watch(child);
    pids.push(running.pid);
    return running;
  };
  const run: CliBench['run'] = (args, options) => start(args, options).result;
  const context = async (files: TreeSketch): Promise<string> => {
    const directory = await mkdtemp(join(path, 'context-'));
    await writeTree(directory, files);
    return directory;
  };
  const imported = await run([
    'image',
    'import',
    `tar:${baseArchive}`,
    '-t',
    'base:test',
    '--disk',
    '256M',
  ]);
  if (imported.exitCode !== 0) throw new Error(imported.stderr);
  return {
    path,
    home,
    baseArchive,
    env,
    run,
    start,
    context,
    async build(dockerfile, options = {}) {
      const { context: files = {}, args = [], ...rest } = options;
      const directory = typeof files === 'string' ? files : await context(files);
      await writeFile(join(directory, 'Dockerfile'), dockerfile);
      return run(['build', '.', '--network', 'none', ...args], { cwd: directory, ...rest });
    },
    leftovers: () => findLeftovers({ path, home, pids }),
    async requireClean() {
      const found = await findLeftovers({ path, home, pids });
      if (found.length > 0) throw new Error(`left behind: ${found.join('; ')}`);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

function watch(child: ChildProcess): RunningCli {
  const { pid, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null) throw new Error('it did not start');
  const output = { stdout: '', stderr: '' };
  const waiting: { pattern: RegExp; resolve: () => void }[] = [];
  stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString('utf8')));
  stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString('utf8');
    for (const { pattern, resolve } of waiting) if (pattern.test(output.stderr)) resolve();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), endAfterMs);
  const result = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      clearTimeout(timer);
      resolve({ exitCode, signal, ...output });
    });
  });
  return {
    child,
    pid,
    result,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        waiting.push({ pattern, resolve });
        if (pattern.test(output.stderr)) resolve();
        void result.then(({ stderr: all }) =>
          reject(new Error(`${pattern} was never said: ${all}`)),
        );
      }),
  };
}
