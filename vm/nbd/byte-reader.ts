import type { Readable } from 'node:stream';

/** Takes bytes off a stream in the portions that a protocol asks for. */
export interface ByteReader {
  /** Exactly `lengthBytes` bytes, or undefined when the stream ends first. */
  take(lengthBytes: number): Promise<Buffer | undefined>;
  /** Drops `lengthBytes` bytes without holding them; false when the stream ends first. */
  skip(lengthBytes: number): Promise<boolean>;
}

/** Holds at most one portion and one stream buffer. A stream that fails has ended. */
export function createByteReader(stream: Readable): ByteReader {
  const chunks = stream.iterator({ destroyOnReturn: false });
  let held: Buffer = Buffer.alloc(0);
  const pull = async (): Promise<Buffer | undefined> => {
    const next = await chunks.next().catch(() => ({ done: true as const, value: undefined }));
    return next.done === true ? undefined : (next.value as Buffer);
  };
  return {
    async take(lengthBytes) {
      const parts = [held];
      let heldBytes = held.length;
      while (heldBytes < lengthBytes) {
        const chunk = await pull();
        if (chunk === undefined) return undefined;
        parts.push(chunk);
        heldBytes += chunk.length;
      }
      const all = parts.length === 1 ? held : Buffer.concat(parts);
      held = all.subarray(lengthBytes);
      return all.subarray(0, lengthBytes);
    },
    async skip(lengthBytes) {
      let leftBytes = lengthBytes - held.length;
      held = held.subarray(Math.min(lengthBytes, held.length));
      while (leftBytes > 0) {
        const chunk = await pull();
        if (chunk === undefined) return false;
        held = chunk.subarray(Math.min(leftBytes, chunk.length));
        leftBytes -= chunk.length;
      }
      return true;
    },
  };
}
