import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';

/** What `xz -9` files need is 65 MiB; a file that asks for more than this is refused. */
const memoryLimit = '512MiB';
const keepStderrBytes = 2000;

/**
 * Undoes xz with the program of that name, which Node has no decoder for. Throws `tool_missing` without the
 * program, and `fail(...)` with its last words when it does not like the stream.
 */
export async function* decompressXz(
  source: AsyncIterable<Buffer>,
  { fail, signal }: { fail: (problem: string) => Error; signal?: AbortSignal | undefined },
): AsyncGenerator<Buffer, void, undefined> {
  signal?.throwIfAborted();
  const child = spawn('xz', ['--decompress', '--stdout', `--memlimit-decompress=${memoryLimit}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let words = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    words = (words + text).slice(-keepStderrBytes);
  });
  // Rejects with ENOENT when there is no such program.
  const ended = Promise.allSettled([once(child, 'close')]);
  const feeding = Promise.allSettled([
    pipeline(source, child.stdin, signal === undefined ? {} : { signal }),
  ]);
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) yield chunk;
    const [[fed], [end]] = await Promise.all([feeding, ended]);
    if (end.status === 'rejected') throw startFailure(end.reason);
    signal?.throwIfAborted();
    // A source that failed says more than xz, which only sees its end; EPIPE means that xz gave up first.
    if (fed.status === 'rejected' && systemErrorCode(fed.reason) !== 'EPIPE') throw fed.reason;
    if (child.exitCode !== 0) {
      throw fail(`is not accepted by xz: ${words.trim() || `signal ${child.signalCode}`}`);
    }
  } finally {
    child.kill('SIGKILL');
    child.stdin.destroy();
    await Promise.all([feeding, ended]);
  }
}

function startFailure(error: unknown): unknown {
  if (systemErrorCode(error) !== 'ENOENT') return error;
  return new AshlarError('tool_missing', 'the program xz is not installed (package xz-utils)', {
    data: { tool: 'xz' },
    cause: error,
  });
}
