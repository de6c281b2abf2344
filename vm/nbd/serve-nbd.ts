import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import type { BlockSource } from '../block-source.ts';
import { createByteBudget, type ByteBudget } from './byte-budget.ts';
import { createByteReader } from './byte-reader.ts';
import { negotiate } from './negotiate.ts';
import { transmit } from './transmit.ts';

export interface NbdServerOptions {
  /** Where the Unix socket is made; its path may be longer than the 107 bytes of a socket address. */
  readonly socketPath: string;
  readonly source: BlockSource;
  readonly exportName?: string;
  readonly onReadError?: (error: unknown) => void;
  /** A client that has not finished its handshake by then is cut off. Default 10 s. */
  readonly handshakeTimeoutMs?: number;
}

/** Disposal cuts off all clients, waits for the reads in flight and removes the socket. */
export interface NbdServer extends AsyncDisposable {
  readonly socketPath: string;
}

const maxClients = 16;
const inFlightBytesLimit = 64 * 1024 * 1024;

/**
 * Serves `source` read-only over a Unix socket, as the NBD protocol document has it: fixed newstyle
 * handshake (GO, INFO, LIST, EXPORT_NAME, ABORT), simple replies, READ, FLUSH and DISC; a write gets EPERM.
 * A client that breaks the protocol loses its connection; the others do not notice. Reads and replies that
 * are not yet sent hold at most 64 MiB over all clients. Listens when the promise resolves.
 */
export async function serveNbd(options: NbdServerOptions): Promise<NbdServer> {
  const clients = new Map<Socket, Promise<void>>();
  const budget = createByteBudget(inFlightBytesLimit);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (clients.size >= maxClients) {
      socket.destroy();
      return;
    }
    socket.on('close', () => clients.delete(socket));
    clients.set(socket, serveClient(socket, options, budget));
  });
  // The address goes through a descriptor of the directory, because a socket address is short.
  const directory = await open(dirname(options.socketPath), 'r');
  try {
    server.listen(`/proc/self/fd/${directory.fd}/${basename(options.socketPath)}`);
    await once(server, 'listening');
  } catch (error) {
    await directory.close();
    throw error;
  }
  return {
    socketPath: options.socketPath,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      const serving = [...clients.values()];
      for (const socket of clients.keys()) socket.destroy();
      await Promise.all(serving);
      await closed;
      await directory.close();
    },
  };
}

async function serveClient(
  socket: Socket,
  options: NbdServerOptions,
  budget: ByteBudget,
): Promise<void> {
  const { source, exportName = 'ashlar', onReadError = () => {} } = options;
  const reader = createByteReader(socket);
  const served = { name: exportName, sizeBytes: source.sizeBytes };
  const limit = setTimeout(() => socket.destroy(), options.handshakeTimeoutMs ?? 10_000);
  const ready = await negotiate(socket, reader, served).finally(() => clearTimeout(limit));
  if (ready) await transmit({ socket, reader, source, budget, onReadError });
  socket.end(() => socket.destroy());
}
