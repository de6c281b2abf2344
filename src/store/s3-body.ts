import type { Readable } from 'node:stream';
import { AshlarError } from '../errors/ashlar-error.ts';

/** A body that ended, or whose connection failed, before its length. Another attempt may fare better. */
export class BodyCut extends Error {
  override readonly name = 'BodyCut';
}

export interface BodyLimits {
  /** The length that the server announced, where it did. */
  readonly expectedBytes: number | undefined;
  readonly maxBytes: number;
  readonly tooLarge: () => AshlarError;
}

/** Reads a body to its end; `BodyCut` when it falls short of `expectedBytes`, `tooLarge` above `maxBytes`. */
export async function readBody(body: Readable, limits: BodyLimits): Promise<Buffer> {
  const { expectedBytes, maxBytes } = limits;
  if (expectedBytes !== undefined && expectedBytes > maxBytes) {
    body.destroy();
    throw limits.tooLarge();
  }
  const chunks: Buffer[] = [];
  let heldBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      heldBytes += chunk.length;
      if (heldBytes > maxBytes) throw limits.tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof AshlarError) throw error;
    throw bodyCut(heldBytes, expectedBytes, error);
  }
  if (expectedBytes !== undefined && heldBytes !== expectedBytes) {
    throw bodyCut(heldBytes, expectedBytes);
  }
  return Buffer.concat(chunks, heldBytes);
}

function bodyCut(heldBytes: number, expectedBytes: number | undefined, cause?: unknown): BodyCut {
  const of = expectedBytes === undefined ? '' : ` of ${expectedBytes}`;
  return new BodyCut(`the body ended after ${heldBytes}${of} bytes`, { cause });
}
