/** Keeps the last bytes of a stream. */
export interface TailBuffer {
  push(chunk: Buffer): void;
  bytes(): Buffer;
}

export function createTailBuffer(keepBytes: number): TailBuffer {
  const chunks: Buffer[] = [];
  let heldBytes = 0;
  return {
    push(chunk) {
      chunks.push(chunk);
      heldBytes += chunk.length;
      while (chunks[0] !== undefined && heldBytes - chunks[0].length >= keepBytes) {
        heldBytes -= chunks[0].length;
        chunks.shift();
      }
    },
    bytes: () => Buffer.concat(chunks).subarray(-keepBytes),
  };
}
