import { CommanderError } from 'commander';
import { loadConfig } from '../config/config.ts';
import { type DirectoryProblem, probeDirectory } from '../disk/probe-directory.ts';
import { AshlarError, systemErrorCode, toAshlarError } from '../errors/ashlar-error.ts';
import { exitCodeOf } from '../errors/exit-codes.ts';
import { once } from '../flow/remember.ts';
import type { CommandContext } from './command-context.ts';
import type { Perform } from './common-options.ts';
import { firstFailure, nameSystemFailure } from './name-system-failure.ts';
import { createProgram } from './program.ts';
import { type OutputForm, printError, printResult, type Terminal } from './terminal.ts';
import { stdoutFailure, watchOutput } from './watch-output.ts';

/** What the start of the program knows. */
export interface ProgramStart {
  /** Undefined where nobody has looked at the state directory. */
  readonly homeProblem: DirectoryProblem | null | undefined;
  /** On the clock of `performance.now`. */
  readonly startedMs: number;
}

/** Runs one command line and gives the exit code: 0 fine, else by who must act (see `exit-codes.ts`). */
export async function runCli(
  args: readonly string[],
  terminal: Terminal,
  start: ProgramStart = { homeProblem: undefined, startedMs: performance.now() },
): Promise<number> {
  let form: OutputForm = wantsJson(args) ? 'json' : 'text';
  let exitCode = 0;
  let home: string | undefined;
  const interrupt = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    interrupt.abort(new AshlarError('interrupted', `ended by ${signal}`, { data: { signal } }));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const output = watchOutput(terminal, (error) => interrupt.abort(error));
  const perform: Perform = async (options, command) => {
    form = options.output;
    const config = loadConfig(process.env, options.store);
    ({ home } = config);
    const context: CommandContext = {
      config,
      homeProblem: once(async () =>
        start.homeProblem === undefined ? probeDirectory(config.home) : start.homeProblem,
      ),
      terminal,
      form,
      env: process.env,
      signal: interrupt.signal,
      nowMs: Date.now,
      startedMs: start.startedMs,
    };
    const result = await command(context);
    await printResult(terminal, form, result);
    exitCode = result.exitCode ?? 0;
  };
  try {
    await createProgram(perform, terminal).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // The help is on stderr: no command was named.
    if (error instanceof CommanderError && error.code === 'commander.help')
      return exitCodeOf(asFailure(error));
    const stdoutError = output.failure();
    // The reader of a pipe has seen enough, as with `| head`.
    if (systemErrorCode(stdoutError) === 'EPIPE') return exitCode;
    const failure =
      stdoutError === undefined
        ? nameSystemFailure(
            asFailure(interrupt.signal.aborted ? interrupt.signal.reason : firstFailure(error)),
            home,
          )
        : stdoutFailure(stdoutError);
    printError(terminal, stdoutError === undefined ? form : 'text', failure);
    return exitCodeOf(failure);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function asFailure(error: unknown): AshlarError {
  if (error instanceof CommanderError) {
    return new AshlarError('invalid_request', error.message.replace(/^error: /, ''), {
      cause: error,
    });
  }
  return toAshlarError(error);
}

/** Errors in the command line itself come before it is parsed. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  return (
    own.includes('--output=json') ||
    own.some((arg, index) => arg === '--output' && own[index + 1] === 'json')
  );
}
