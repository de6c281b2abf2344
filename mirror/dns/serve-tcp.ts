import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createFrameReader, frame } from './dns-frames.ts';
import { maxQueryBytes } from './dns-message.ts';
import type { DnsListener, ServeOptions } from './serve-udp.ts';

export interface ServeTcpOptions extends ServeOptions {
  /** With one more, the one that is silent for the longest time has to go. */
  readonly maxConnections: number;
  /** A connection without an answered query for this long is ended. */
  readonly idleTimeoutMs: number;
}

/** Queries of one connection under way; it is not read from while there are more. */
const maxPipelined = 16;
/** Replies that a client does not read. */
const maxUnreadBytes = 256 * 1024;

/** Listens for queries over TCP (RFC 7766): many a connection, answered as they are ready. */
export async function serveTcp(options: ServeTcpOptions): Promise<DnsListener> {
  /** The one that is silent for the longest time in front. */
  const connections = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    if (!options.isClient(socket.remoteAddress ?? '')) {
      socket.destroy();
      return;
    }
    makeRoom(connections, options.maxConnections);
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveConnection(socket, options, () => {
      if (connections.delete(socket)) connections.add(socket);
    });
  });
  server.listen({ host: options.host, port: options.port });
  await once(server, 'listening');
  server.on('error', options.onProblem);
  return {
    port: portOf(server),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

function makeRoom(connections: Set<Socket>, maxConnections: number): void {
  for (const socket of connections) {
    if (connections.size < maxConnections) return;
    connections.delete(socket);
    socket.destroy();
  }
}

function serveConnection(socket: Socket, options: ServeTcpOptions, onAnswered: () => void): void {
  const read = createFrameReader(maxQueryBytes);
  // Bytes alone do not count: a client could hold a connection with one now and then.
  const timer = setTimeout(() => socket.destroy(), options.idleTimeoutMs);
  socket.on('close', () => clearTimeout(timer));
  let pipelined = 0;
  let hasEnded = false;

  const answer = async (message: Buffer): Promise<void> => {
    pipelined += 1;
    if (pipelined >= maxPipelined) socket.pause();
    const reply = await options.answer(message, 'tcp');
    pipelined -= 1;
    if (socket.destroyed) return;
    if (reply === null || socket.writableLength > maxUnreadBytes) {
      socket.destroy();
      return;
    }
    socket.write(frame(reply));
    timer.refresh();
    onAnswered();
    if (hasEnded && pipelined === 0) socket.end();
    else if (pipelined < maxPipelined) socket.resume();
  };

  socket.on('data', (bytes) => {
    const messages = read(bytes);
    if (messages === null) socket.destroy();
    for (const message of messages ?? []) answer(message).catch(options.onProblem);
  });
  // A client may say that it has no more queries, and wait for its replies.
  socket.on('end', () => {
    hasEnded = true;
    if (pipelined === 0) socket.end();
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP address');
  return address.port;
}
