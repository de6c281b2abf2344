import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { join } from 'node:path';

export type OutputStream = 'stdout' | 'stderr';

/**
 * Stdout and stderr of a step: named pipes, because the sockets that Node makes for a child cannot be opened again
 * as /dev/stdout.
 */
export interface StepPipes extends Disposable {
  /** For the runtime's stdio; `closeWriters` once it has them, or the readers never end. */
  readonly writers: Readonly<Record<OutputStream, number>>;
  readonly readers: Readonly<Record<OutputStream, Socket>>;
  closeWriters(): void;
}

export interface OutputOptions {
  readonly limitBytes: number;
  readonly onOutput: (stream: OutputStream, chunk: Buffer) => void;
  /** Called once, when the limit is passed. */
  readonly onLimit: () => void;
}

export interface OutputSummary {
  /** All that the step wrote, kept or not. */
  readonly bytes: number;
  readonly cut: boolean;
}

/** Opens the pipes `stdout` and `stderr` of a step's directory. */
export function openStepPipes(directory: string): StepPipes {
  const readers = {
    stdout: openReader(directory, 'stdout'),
    stderr: openReader(directory, 'stderr'),
  };
  const writers = {
    stdout: openWriter(directory, 'stdout'),
    stderr: openWriter(directory, 'stderr'),
  };
  let open = true;
  const closeWriters = (): void => {
    if (!open) return;
    open = false;
    closeSync(writers.stdout);
    closeSync(writers.stderr);
  };
  return {
    readers,
    writers,
    closeWriters,
    [Symbol.dispose]() {
      closeWriters();
      readers.stdout.destroy();
      readers.stderr.destroy();
    },
  };
}

/**
 * Hands on what comes out of the pipes until both have ended. After `limitBytes` the rest is read and thrown away, so that
 * the step neither stops nor fills memory, and one line on stderr says so.
 */
export async function pumpOutput(pipes: StepPipes, options: OutputOptions): Promise<OutputSummary> {
  const { limitBytes, onOutput, onLimit } = options;
  let bytes = 0;
  let cut = false;
  const take = (stream: OutputStream, chunk: Buffer): void => {
    const room = Math.max(0, limitBytes - bytes);
    bytes += chunk.length;
    if (cut) return;
    if (room > 0) onOutput(stream, chunk.subarray(0, room));
    if (chunk.length <= room) return;
    cut = true;
    onOutput('stderr', Buffer.from(`\n[output cut after ${limitBytes} bytes; the step goes on]\n`));
    onLimit();
  };
  await Promise.all(
    (['stdout', 'stderr'] as const).map(async (stream) => {
      const reader = pipes.readers[stream];
      reader.on('data', (chunk: Buffer) => take(stream, chunk));
      await finished(reader, { writable: false });
    }),
  );
  return { bytes, cut };
}

function openReader(directory: string, stream: OutputStream): Socket {
  // Without O_NONBLOCK, opening would wait for a writer.
  const fd = openSync(join(directory, stream), constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

function openWriter(directory: string, stream: OutputStream): number {
  return openSync(join(directory, stream), constants.O_WRONLY);
}
