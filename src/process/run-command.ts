import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import { createTailBuffer } from './tail-buffer.ts';

export interface CommandOptions {
  readonly cwd?: string;
  /** The whole environment of the child; the caller's own when left out. */
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Bytes kept of each of stdout and stderr; the rest is dropped from the front. Default 1 MiB. */
  readonly keepBytes?: number;
}

export interface CommandResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * Runs a program to its end and gives what it said, whatever its exit code. Throws `tool_missing` when
 * the program is not installed, the abort reason when `signal` aborts, and a DOMException named TimeoutError after
 * `timeoutMs`; the child is killed then.
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const keepBytes = options.keepBytes ?? 1024 * 1024;
  const timeout =
    options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs);
  const signals = [options.signal, timeout].filter((signal) => signal !== undefined);
  const signal = AbortSignal.any(signals);
  signal.throwIfAborted();
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env,
    signal,
    killSignal: 'SIGKILL',
  });
  const stdout = createTailBuffer(keepBytes);
  const stderr = createTailBuffer(keepBytes);
  // One that could not be started for want of open files has no streams.
  if (child.pid !== undefined) {
    child.stdout.on('data', stdout.push);
    child.stderr.on('data', stderr.push);
    // A child that leaves without reading its input is judged by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  }
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      if (signal.aborted) reject(signal.reason as Error);
      else if (systemErrorCode(error) === 'ENOENT' && isThere(options.cwd)) {
        reject(
          new AshlarError('tool_missing', `the program ${file} is not installed`, {
            data: { tool: file },
            cause: error,
          }),
        );
      } else reject(error);
    });
    child.on('close', (exitCode, killSignal) => {
      if (signal.aborted) reject(signal.reason as Error);
      else
        resolve({ exitCode, signal: killSignal, stdout: stdout.bytes(), stderr: stderr.bytes() });
    });
  });
}

/** As `runCommand`, but an exit code other than 0 throws `internal` with the command's last words. */
export async function runChecked(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await runCommand(file, args, options);
  if (result.exitCode !== 0) {
    const ending =
      result.signal === null ? `exit code ${result.exitCode}` : `signal ${result.signal}`;
    const words = result.stderr.toString('utf8').trim().slice(-2000);
    throw new AshlarError('internal', `${file} ${args.join(' ')} ended with ${ending}: ${words}`, {
      data: { tool: file, stderr: words },
    });
  }
  return result;
}

/** A working directory that is missing fails as a program does that is not installed. */
function isThere(directory: string | undefined): boolean {
  return directory === undefined || existsSync(directory);
}
