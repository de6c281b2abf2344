import type { FileHandle } from 'node:fs/promises';

const readBytes = 512 * 1024;

export interface Section {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of a part of a file, in buffers of 512 KiB that the caller may keep. Ends early where the file
 * does; the caller knows how many bytes it wanted.
 */
export async function* readSection(
  handle: FileHandle,
  { offsetBytes, sizeBytes, signal }: Section,
): AsyncGenerator<Buffer, void, undefined> {
  let at = offsetBytes;
  const end = offsetBytes + sizeBytes;
  while (at < end) {
    signal?.throwIfAborted();
    const wanted = Math.min(readBytes, end - at);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield bytesRead === wanted ? buffer : buffer.subarray(0, bytesRead);
  }
}
