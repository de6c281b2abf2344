import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { systemErrorCode } from '../../src/index.ts';

/** An address of loopback from which connections lead to another one, all of them together at one pace. */
export interface SharedLink extends AsyncDisposable {
  /** Ends in a slash. */
  readonly url: string;
}

export interface LinkOptions {
  /** Where it leads: an http URL. */
  readonly to: string;
  /** Of what comes back from there, over all connections; what goes there is not held to a pace. */
  readonly bytesPerSec: number;
}

export async function openSharedLink({ to, bytesPerSec }: LinkOptions): Promise<SharedLink> {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  const turn = createTurns(bytesPerSec);
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    void joined(near, far, turn);
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  const address = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

type Turn = (sizeBytes: number) => Promise<void>;

/** Whoever comes first goes first. */
function createTurns(bytesPerSec: number): Turn {
  let freeAtMs = 0;
  return async (sizeBytes) => {
    const nowMs = performance.now();
    freeAtMs = Math.max(nowMs, freeAtMs) + (sizeBytes / bytesPerSec) * 1000;
    await pause(freeAtMs - nowMs);
  };
}

/** When one end breaks off, so does the other. */
async function joined(near: Socket, far: Socket, turn: Turn): Promise<void> {
  const paced = async function* (parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const part of parts) {
      await turn(part.length);
      yield part;
    }
  };
  const outcomes = await Promise.allSettled([pipeline(near, far), pipeline(far, paced, near)]);
  near.destroy();
  far.destroy();
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    if (systemErrorCode(outcome.reason) === undefined) throw outcome.reason;
  }
}
