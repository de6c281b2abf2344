import type { Socket } from 'node:net';
import { chunkBytes } from '../../src/index.ts';
import type { BlockSource } from '../block-source.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { ByteReader } from './byte-reader.ts';
import {
  commands,
  encodeSimpleReply,
  maxRequestBytes,
  parseRequest,
  replyErrors,
  requestHeaderBytes,
  type NbdRequest,
} from './protocol.ts';

export interface Transmission {
  readonly socket: Socket;
  readonly reader: ByteReader;
  readonly source: BlockSource;
  /** Bounds what reads and unsent replies hold in memory. */
  readonly budget: ByteBudget;
  /** Hears of each read of the source that failed; the client is told EIO. */
  readonly onReadError: (error: unknown) => void;
}

/**
 * Answers requests, several at once and in the order in which they are ready, until the client
 * disconnects, leaves or breaks the protocol. Returns when no request is in flight any more.
 */
export async function transmit(transmission: Transmission): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  while (await handleNext(transmission, inFlight)) {
    // Each turn takes one request.
  }
  await Promise.all(inFlight);
}

async function handleNext(
  transmission: Transmission,
  inFlight: Set<Promise<void>>,
): Promise<boolean> {
  const { socket, reader, source, budget } = transmission;
  const header = await reader.take(requestHeaderBytes);
  const request = header === undefined ? undefined : parseRequest(header);
  if (request === undefined || request.command === commands.disconnect) return false;
  if (request.command === commands.write && !(await skipPayload(reader, request))) return false;
  const error = judge(request, source.sizeBytes);
  if (error !== replyErrors.none || request.command !== commands.read) {
    return writeAll(socket, encodeSimpleReply(request.cookie, error));
  }
  // Small requests are charged a chunk each, so that their number is bounded too.
  const chargedBytes = Math.max(request.lengthBytes, chunkBytes);
  await budget.acquire(chargedBytes);
  if (socket.destroyed) {
    budget.release(chargedBytes);
    return false;
  }
  const answer = answerRead(transmission, request).finally(() => {
    budget.release(chargedBytes);
    inFlight.delete(answer);
  });
  inFlight.add(answer);
  return true;
}

/** A write is refused, but its payload must leave the stream first; one that is too large ends the connection. */
async function skipPayload(reader: ByteReader, request: NbdRequest): Promise<boolean> {
  if (request.lengthBytes > maxRequestBytes) return false;
  return reader.skip(request.lengthBytes);
}

function judge(request: NbdRequest, sizeBytes: number): number {
  if (request.command === commands.write) return replyErrors.notPermitted;
  if (request.command === commands.flush) return replyErrors.none;
  if (request.command !== commands.read || request.flags !== 0) return replyErrors.invalid;
  if (request.lengthBytes > maxRequestBytes) return replyErrors.invalid;
  const end = request.offset + BigInt(request.lengthBytes);
  return end > BigInt(sizeBytes) ? replyErrors.invalid : replyErrors.none;
}

async function answerRead(transmission: Transmission, request: NbdRequest): Promise<void> {
  const { socket, source, onReadError } = transmission;
  let bytes: Buffer;
  try {
    bytes = await source.read(Number(request.offset), request.lengthBytes);
    if (bytes.length !== request.lengthBytes) {
      throw new RangeError(`a read of ${request.lengthBytes} bytes gave ${bytes.length}`);
    }
  } catch (error) {
    onReadError(error);
    await writeAll(socket, encodeSimpleReply(request.cookie, replyErrors.io));
    return;
  }
  socket.cork();
  socket.write(encodeSimpleReply(request.cookie, replyErrors.none));
  const written = writeAll(socket, bytes);
  socket.uncork();
  await written;
}

/** Waits until the bytes are handed to the kernel; false when the client is gone. */
function writeAll(socket: Socket, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    socket.write(bytes, (error) => resolve(error === undefined || error === null));
  });
}
