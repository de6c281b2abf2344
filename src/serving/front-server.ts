import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  createServer as createTlsServer,
  type Server as TlsServer,
  type TlsOptions,
  TLSSocket,
} from 'node:tls';
import type { HandleRequest } from './handle-requests.ts';
import { type OwnPages, serveOwnPages } from './own-pages.ts';

/** Connections of all kinds, and the requests on them. */
export interface FrontServer extends AsyncDisposable {
  /** For plain HTTP, and for those that use this server as a proxy. */
  readonly http: Server;
  /** For TLS by server name; null without. */
  readonly tls: TlsServer | null;
  connections(): Promise<number>;
  connectionOf(request: IncomingMessage): ConnectionFacts;
  /** Goes on with a connection on which a client that asked a proxy believes to speak to a registry. */
  terminate(socket: Duplex, facts: { readonly proxyUser: string | null }): void;
}

export interface FrontServerOptions {
  readonly handle: HandleRequest;
  /** Null: CONNECT is refused. */
  readonly handleConnect: HandleConnect | null;
  readonly own: OwnPages;
  /** Certificates, or who gives them by name; null for no TLS. */
  readonly tls: Pick<TlsOptions, 'SNICallback' | 'cert' | 'key'> | null;
  readonly limits: ConnectionLimits;
}

/** Answers a CONNECT (RFC 9110, section 9.3.6). */
export type HandleConnect = (
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
) => Promise<void>;

export interface ConnectionFacts {
  readonly isEncrypted: boolean;
  /** The user name that the client gave to the forward proxy. */
  readonly proxyUser: string | null;
}

/** How long connections may take; milliseconds. */
export interface ConnectionLimits {
  /** From the beginning of a connection or request to the end of its head. */
  readonly headersMs: number;
  readonly handshakeMs: number;
  readonly keepAliveMs: number;
  /** For a client that does not read, or a connection on which nothing moves. */
  readonly idleMs: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  headersMs: 20_000,
  handshakeMs: 10_000,
  // Longer than the pauses of installing clients; shorter would make them connect anew.
  keepAliveMs: 65_000,
  idleMs: 90_000,
};

const maxHeaderBytes = 32 * 1024;

/** Makes the servers; they do not listen yet. */
export async function createFrontServer(options: FrontServerOptions): Promise<FrontServer> {
  const { limits } = options;
  const proxyUsers = new WeakMap<object, string>();
  const open = new Set<Duplex>();
  const track = (socket: Duplex): void => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  };
  const http = createPlainServer(options).on('connection', track);
  const pages = await serveOwnPages(http, options);
  const tlsOptions = options.tls === null ? null : tlsOptionsFor(options.tls, limits);
  const accept = (socket: TLSSocket): void => {
    // What goes wrong with a client's connection is the client's matter.
    socket.on('error', () => socket.destroy());
    http.emit('connection', socket);
  };
  // Those that have not ended their handshake are connections too.
  const tls = tlsOptions && createTlsServer(tlsOptions, accept).on('connection', track);
  tls?.on('tlsClientError', (_error, socket) => socket.destroy());
  return {
    http,
    tls,
    async connections() {
      const counts = await Promise.all([countOf(http), tls === null ? 0 : countOf(tls)]);
      return counts.reduce((sum, count) => sum + count, 0);
    },
    connectionOf: ({ socket }) => ({
      isEncrypted: socket instanceof TLSSocket,
      proxyUser: proxyUsers.get(socket) ?? null,
    }),
    terminate(socket, { proxyUser }) {
      if (tlsOptions === null) {
        socket.destroy();
        return;
      }
      const secure = new TLSSocket(socket, { ...tlsOptions, isServer: true });
      if (proxyUser !== null) proxyUsers.set(secure, proxyUser);
      accept(secure);
    },
    async [Symbol.asyncDispose]() {
      tls?.close();
      http.close();
      for (const socket of open) socket.destroy();
      await pages[Symbol.asyncDispose]();
    },
  };
}

function createPlainServer({ handleConnect, limits }: FrontServerOptions): Server {
  const http = createHttpServer({
    connectionsCheckingInterval: limits.headersMs / 4,
    maxHeaderSize: maxHeaderBytes,
  });
  http.headersTimeout = limits.headersMs;
  http.keepAliveTimeout = limits.keepAliveMs;
  http.timeout = limits.idleMs;
  return http.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    if (handleConnect === null) client.destroy();
    else handleConnect(request, client, head).catch(() => client.destroy());
  });
}

function tlsOptionsFor(
  certificates: Pick<TlsOptions, 'SNICallback' | 'cert' | 'key'>,
  { handshakeMs }: ConnectionLimits,
): TlsOptions {
  return {
    ...certificates,
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    handshakeTimeout: handshakeMs,
  };
}

function countOf(server: Server | TlsServer): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count ?? 0)));
}
