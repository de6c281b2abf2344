import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type Server as TlsServer, TLSSocket } from 'node:tls';
import fastify from 'fastify';
import type { TlsAuthority } from '../../src/network.ts';
import type { HandleConnect } from '../proxy/connect-proxy.ts';
import type { HandleRequest } from './request-handler.ts';
import type { ConnectionFacts } from './requester.ts';

/** Connections of all kinds, and the requests on them. */
export interface MirrorServer extends AsyncDisposable {
  /** For plain HTTP, and for those that use the mirror as a proxy. */
  readonly http: Server;
  /** For TLS by server name; null without an authority. */
  readonly tls: TlsServer | null;
  connections(): Promise<number>;
  connectionOf(request: IncomingMessage): ConnectionFacts;
  /** Goes on with a connection on which a client that asked a proxy believes to speak to a registry. */
  terminate(socket: Duplex, facts: { readonly proxyUser: string | null }): void;
}

export interface MirrorServerOptions {
  readonly handle: HandleRequest;
  readonly handleConnect: HandleConnect;
  readonly own: OwnPages;
  readonly authority: TlsAuthority | null;
}

/** What the mirror says of itself, below `/-/ashlar/`. */
export interface OwnPages {
  health(): object;
  status(): Promise<object>;
  metrics(): Promise<string>;
}

/** A connection that says nothing is closed after this. */
const headersTimeoutMs = 20_000;
const handshakeTimeoutMs = 10_000;
/** Longer than the pauses of installing clients; shorter would make them connect anew. */
const keepAliveTimeoutMs = 65_000;
/** A client that does not read, or a connection on which nothing moves. */
const idleTimeoutMs = 90_000;

/** Makes the servers; they do not listen yet. */
export async function createMirrorServer(options: MirrorServerOptions): Promise<MirrorServer> {
  const { handle, handleConnect, own, authority } = options;
  const proxyUsers = new WeakMap<object, string>();
  const tunnels = new Set<Duplex>();
  const http = createServer({ connectionsCheckingInterval: 5_000, maxHeaderSize: 32 * 1024 });
  http.headersTimeout = headersTimeoutMs;
  http.keepAliveTimeout = keepAliveTimeoutMs;
  http.timeout = idleTimeoutMs;
  const app = fastify({
    serverFactory(handler) {
      http.on('request', handler);
      return http;
    },
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  });
  // Bodies are handed on as they come.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.get('/-/ashlar/health', () => own.health());
  app.get('/-/ashlar/status', () => own.status());
  app.get('/-/ashlar/metrics', async (_request, reply) => {
    const text = await own.metrics();
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
  app.setNotFoundHandler((request, reply) => {
    reply.hijack();
    return handle(request.raw, reply.raw);
  });
  await app.ready();
  http.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    tunnels.add(client);
    client.once('close', () => tunnels.delete(client));
    void handleConnect(request, client, head);
  });

  const secureOptions =
    authority === null
      ? null
      : {
          SNICallback: authority.sniCallback,
          ALPNProtocols: ['http/1.1'],
          minVersion: 'TLSv1.2' as const,
          handshakeTimeout: handshakeTimeoutMs,
        };
  const accept = (socket: TLSSocket): void => {
    // What goes wrong with a client's connection is the client's matter.
    socket.on('error', () => socket.destroy());
    http.emit('connection', socket);
  };
  const tls = secureOptions === null ? null : createTlsServer(secureOptions, accept);
  tls?.on('tlsClientError', (_error, socket) => socket.destroy());

  return {
    http,
    tls,
    connections: () =>
      new Promise((resolve) => http.getConnections((_error, count) => resolve(count ?? 0))),
    connectionOf: ({ socket }) => ({
      isEncrypted: socket instanceof TLSSocket,
      proxyUser: proxyUsers.get(socket) ?? null,
    }),
    terminate(socket, { proxyUser }) {
      if (secureOptions === null) {
        socket.destroy();
        return;
      }
      const secure = new TLSSocket(socket, { ...secureOptions, isServer: true });
      if (proxyUser !== null) proxyUsers.set(secure, proxyUser);
      accept(secure);
    },
    async [Symbol.asyncDispose]() {
      tls?.close();
      http.close();
      http.closeAllConnections();
      for (const socket of tunnels) socket.destroy();
      await app.close();
    },
  };
}
