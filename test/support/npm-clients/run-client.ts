import { runCommand } from '../../../src/process/run-command.ts';
import type { Launch } from '../npm-registry/registry-process.ts';
import { type ClientSettings, prepareEnvironment } from './client-environment.ts';
import type { ClientFamily } from './clients.ts';
import type { InstalledClient } from './install-client.ts';

/** `install` resolves and writes a lockfile; `ci` takes the lockfile as it is, and fails where it does not fit. */
export type ClientOperation = 'install' | 'ci';

export interface ClientRun extends ClientSettings {
  /** The project. */
  readonly cwd: string;
  /** Words of the client's own command line, in place of an operation. */
  readonly operation: ClientOperation | readonly string[];
  /** Words after those. */
  readonly args?: readonly string[];
  /** Default 2 minutes. */
  readonly timeoutMs?: number;
  /** Where it runs, when not in the namespaces of this process. */
  readonly launch?: Launch;
  readonly signal?: AbortSignal;
}

export interface ClientResult {
  readonly exitCode: number | null;
  /** The last MiB of stdout, then of stderr. */
  readonly output: string;
  readonly durationMs: number;
}

/** Runs a client to its end. Throws a DOMException named TimeoutError when that does not come. */
export async function runClient(installed: InstalledClient, run: ClientRun): Promise<ClientResult> {
  const { cwd, operation, args = [], timeoutMs = 120_000, signal } = run;
  const env = await prepareEnvironment(installed, run);
  const words =
    typeof operation === 'string' ? operations[installed.client.family][operation] : operation;
  const command = [...installed.argv, ...words, ...args];
  // What enters a namespace does so in another directory and finds its programs by its own PATH.
  const launched = run.launch?.(['/usr/bin/env', '-C', cwd, ...command]) ?? command;
  const [file = '', ...rest] = launched;
  const startMs = performance.now();
  const result = await runCommand(file, rest, {
    cwd,
    env,
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    exitCode: result.exitCode,
    output: `${result.stdout.toString()}${result.stderr.toString()}`,
    durationMs: performance.now() - startMs,
  };
}

const npmQuiet = ['--ignore-scripts', '--no-fund', '--no-progress'];
const pnpmInstall = ['install', '--ignore-scripts', '--reporter=append-only'];
const yarnInstall = ['install', '--ignore-scripts', '--non-interactive', '--no-progress'];

const operations: Readonly<Record<ClientFamily, Record<ClientOperation, readonly string[]>>> = {
  npm: { install: ['install', ...npmQuiet], ci: ['ci', ...npmQuiet] },
  pnpm: { install: pnpmInstall, ci: [...pnpmInstall, '--frozen-lockfile'] },
  yarn: { install: yarnInstall, ci: [...yarnInstall, '--frozen-lockfile'] },
  berry: { install: ['install'], ci: ['install', '--immutable'] },
  bun: {
    install: ['install', '--ignore-scripts', '--no-progress'],
    ci: ['install', '--ignore-scripts', '--no-progress', '--frozen-lockfile'],
  },
};
