import { spawn } from 'node:child_process';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

/** Why a directory cannot be used. */
export interface DirectoryProblem {
  /** `hangs`: its file system did not answer within the time limit. */
  readonly kind: 'refused' | 'hangs';
  /** To be put behind the name of the directory. */
  readonly words: string;
}

/** A file system that needs longer, such as one that is frozen or whose server is gone, is of no use. */
const patienceMs = 10_000;

/** `mkdir -p` and not Node's own, which tries for ever to make a directory in a place such as /proc. */
const makeAndUse = 'mkdir -p -- "$1" && f="$1/.probe-$$" && : >"$f" && rm -- "$f"';

const findExisting = 'd=$1; until [ -e "$d" ]; do d=$(dirname -- "$d"); done';

/** Asks for what is not there: a file system that takes no writes now does not come to the answer. */
const touchNothing = `${findExisting}; rmdir -- "$d/.ashlar-none" 2>&- || :`;

/**
 * Why a directory cannot hold state, null where it can: it is made where it is missing, and a file in it is made and
 * removed. This is left to a process of its own, as one that waits for a file system cannot always be ended. Throws
 * `resources_exhausted` when the machine has no room for that process.
 */
export function probeDirectory(
  path: string,
  timeoutMs: number = patienceMs,
): Promise<DirectoryProblem | null> {
  return ask(makeAndUse, path, timeoutMs);
}

/** Whether the file system of a path, which need not exist, answers at all to who reads or writes; changes nothing. */
export function probeAnswer(
  path: string,
  access: 'read' | 'write',
  timeoutMs: number = patienceMs,
): Promise<DirectoryProblem | null> {
  return ask(access === 'read' ? findExisting : touchNothing, path, timeoutMs);
}

function ask(script: string, path: string, timeoutMs: number): Promise<DirectoryProblem | null> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', script, 'sh', path], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    });
    let said = '';
    const timer = setTimeout(() => {
      // It may not die before the file system answers; nobody waits for that.
      child.kill('SIGKILL');
      child.unref();
      child.stderr.destroy();
      const words = `does not answer: it was asked ${timeoutMs / 1000} s ago`;
      resolve({ kind: 'hangs', words });
    }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      const code = systemErrorCode(error) ?? '';
      if (noRoom.has(code)) reject(noRoomToLook(path, code, error));
      else resolve({ kind: 'refused', words: `could not be looked at: ${error.message}` });
    });
    // A process that could not be started for want of open files has no streams.
    if (child.pid === undefined) return;
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      const words = `cannot hold files: ${said.trim()}`;
      resolve(exitCode === 0 ? null : { kind: 'refused', words });
    });
  });
}

const noRoom: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);

function noRoomToLook(path: string, code: string, cause: Error): AshlarError {
  const ofFiles = code === 'EMFILE' || code === 'ENFILE';
  const what = ofFiles ? 'too many open files' : 'no room for another process';
  return new AshlarError(
    'resources_exhausted',
    `cannot look whether ${path} can be used: ${what} (${code})`,
    {
      data: { path, systemCode: code },
      cause,
      ...(code === 'EMFILE'
        ? {
            hint: 'Allow more open files, for example with ulimit -n 1024, and run the command again.',
          }
        : {}),
    },
  );
}
