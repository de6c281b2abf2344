import type { ChunkWriter, Ledger, LedgerKind } from '../../src/index.ts';

export interface WatchOptions {
  readonly ledger: Ledger;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A writer that books the time that its caller waits for it: to look chunks up and compress them, until there is room for
 * more, and for the last packs. It goes on no further when the signal is aborted, which ends who has no signal of its own.
 */
export function watchedWriter(writer: ChunkWriter, { ledger, signal }: WatchOptions): ChunkWriter {
  const watch = async (kind: LedgerKind, work: () => Promise<void>): Promise<void> => {
    signal?.throwIfAborted();
    const startMs = ledger.nowMs();
    try {
      await work();
    } finally {
      ledger.add(kind, 'chunks', { startMs, durationMs: ledger.nowMs() - startMs });
    }
  };
  return {
    ...writer,
    add: (...chunk) => watch('compress', () => writer.add(...chunk)),
    flush: () => watch('upload', () => writer.flush()),
  };
}

/**
 * Runs `work`; when it fails, waits for what the writer still has under way, so that nothing is written behind the back
 * of who is told of the failure.
 */
export async function endingWithWriter<T>(writer: ChunkWriter, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
