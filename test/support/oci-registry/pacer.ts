import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Holds each connection to its pace, over the answers that it carries. */
export interface Pacer {
  /** How much to send at once, so that it flows. */
  pieceBytes(bytesPerSec: number): number;
  /** Waits until this much may be sent. */
  turn(socket: Socket, load: PacedLoad): Promise<void>;
}

export interface PacedLoad {
  readonly sizeBytes: number;
  readonly bytesPerSec: number;
  readonly signal: AbortSignal;
}

const mostBytes = 256 * 1024;

export function createPacer(nowMs: () => number = () => performance.now()): Pacer {
  const freeAtMs = new WeakMap<Socket, number>();
  return {
    pieceBytes(bytesPerSec) {
      if (bytesPerSec === 0) return mostBytes;
      return Math.min(mostBytes, Math.max(1, Math.floor(bytesPerSec / 20)));
    },
    async turn(socket, { sizeBytes, bytesPerSec, signal }) {
      const startMs = Math.max(nowMs(), freeAtMs.get(socket) ?? 0);
      const endMs = startMs + (sizeBytes / bytesPerSec) * 1000;
      freeAtMs.set(socket, endMs);
      await pause(Math.max(0, endMs - nowMs()), undefined, { signal });
    },
  };
}
