import type { FileHandle } from 'node:fs/promises';

/**
 * Writes all bytes of `buffers`, one after another, at `position`. A single write may stop short, as on a disk that is
 * about to be full; it is taken up again until all is written or the system says why not.
 */
export async function writeFully(
  file: FileHandle,
  buffers: readonly Buffer[],
  position: number,
): Promise<void> {
  let rest = [...buffers];
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, at);
    at += bytesWritten;
    rest = dropFront(rest, bytesWritten);
  }
}

function dropFront(buffers: readonly Buffer[], count: number): Buffer[] {
  let left = count;
  const rest: Buffer[] = [];
  for (const buffer of buffers) {
    const dropped = Math.min(left, buffer.length);
    left -= dropped;
    if (dropped < buffer.length) rest.push(buffer.subarray(dropped));
  }
  return rest;
}
