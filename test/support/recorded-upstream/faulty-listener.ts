import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server, Socket } from 'node:net';

/**
 * `refuse`: nobody listens. `reset`: connections are accepted and reset. `stall`: connections are accepted and
 * requests are read, but nothing is said any more, on those that are open as well; the end of it lets all go on.
 */
export type Outage = 'refuse' | 'reset' | 'stall';

export interface FaultyListener {
  readonly port: number;
  outage(how: Outage): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly handler: RequestListener;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  /** An address of loopback; default 127.0.0.1. */
  readonly host?: string;
  /** 0: a free one. */
  readonly port: number;
  readonly opened: () => void;
  readonly closed: () => void;
}

const backlog = 4096;

/** An HTTP server on loopback that can go away and come back at its port. */
export async function openFaultyListener(options: ListenerOptions): Promise<FaultyListener> {
  const { tls, host = '127.0.0.1' } = options;
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
  const silence = silenceOn(server, tls === undefined ? 'connection' : 'secureConnection');
  await listen(server, { host, port: options.port });
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
      if (how === 'stall') silence.begin();
      else if (how === 'refuse') await stop();
      else resetAll(sockets);
    },
    async restore() {
      isResetting = false;
      silence.end();
      if (!server.listening) await listen(server, { host, port });
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

/** Holds back what is written to connections. `event` is the one that brings sockets which answers are written to. */
function silenceOn(
  server: Server,
  event: 'connection' | 'secureConnection',
): { begin(): void; end(): void } {
  const sockets = new Set<Socket>();
  const held = new Map<Socket, HeldWrites>();
  let isSilent = false;
  const begin = (): void => {
    isSilent = true;
    for (const socket of sockets) if (!held.has(socket)) held.set(socket, holdWrites(socket));
  };
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      held.delete(socket);
    });
    if (isSilent) begin();
  });
  return {
    begin,
    end() {
      isSilent = false;
      for (const writes of held.values()) writes.release();
      held.clear();
    },
  };
}

interface HeldWrites {
  release(): void;
}

const sinkMethods = ['_write', '_writev'] as const;

/** Below the stream's own buffer, for a cork does not hold: the end of an answer takes all corks off. */
function holdWrites(socket: Socket): HeldWrites {
  const waiting: (() => unknown)[] = [];
  for (const method of sinkMethods) {
    const sink = (...args: readonly unknown[]): void => {
      waiting.push(() => Reflect.apply(socket[method] as () => void, socket, args));
    };
    Object.defineProperty(socket, method, { value: sink, configurable: true });
  }
  return {
    release() {
      for (const method of sinkMethods) Reflect.deleteProperty(socket, method);
      for (const write of waiting) write();
    },
  };
}

async function listen(
  server: Server,
  at: { readonly host: string; readonly port: number },
): Promise<void> {
  server.listen({ ...at, backlog });
  await once(server, 'listening');
}

/** With TLS these are the connections below it, which take it down with them. */
function resetAll(sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) socket.resetAndDestroy();
}
