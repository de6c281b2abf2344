import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server, Socket } from 'node:net';

/** `refuse`: nobody listens. `reset`: connections are accepted and reset. */
export type Outage = 'refuse' | 'reset';

export interface FaultyListener {
  readonly port: number;
  outage(how: Outage): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly handler: RequestListener;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  /** 0: a free one. */
  readonly port: number;
  readonly opened: () => void;
  readonly closed: () => void;
}

const backlog = 4096;

/** An HTTP server on 127.0.0.1 that can go away and come back at its port. */
export async function openFaultyListener(options: ListenerOptions): Promise<FaultyListener> {
  const sockets = new Set<Socket>();
  let isResetting = false;
  const server = createServer(options);
  server.on('connection', (socket: Socket) => {
    if (isResetting) {
      socket.resetAndDestroy();
      return;
    }
    sockets.add(socket);
    options.opened();
    socket.once('close', () => {
      sockets.delete(socket);
      options.closed();
    });
  });
  await listen(server, options.port);
  const { port } = server.address() as { port: number };

  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    resetAll(sockets);
    await closed;
  };
  return {
    port,
    async outage(how) {
      isResetting = how === 'reset';
      if (how === 'refuse') await stop();
      else resetAll(sockets);
    },
    async restore() {
      isResetting = false;
      if (!server.listening) await listen(server, port);
    },
    close: stop,
  };
}

function createServer({ tls, handler }: ListenerOptions): Server {
  // An answer that stalls is not for the server to end.
  const options = { keepAliveTimeout: 60_000, requestTimeout: 0, headersTimeout: 60_000 };
  return tls === undefined
    ? createHttpServer(options, handler)
    : createHttpsServer({ ...options, ...tls }, handler);
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen({ port, host: '127.0.0.1', backlog });
  await once(server, 'listening');
}

/** With TLS these are the connections below it, which take it down with them. */
function resetAll(sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) socket.resetAndDestroy();
}
