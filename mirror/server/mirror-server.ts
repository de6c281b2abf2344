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
  readonly limits: ConnectionLimits;
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

/** What the mirror says of itself, below `/-/ashlar/`. */
export interface OwnPages {
  health(): object;
  status(): Promise<object>;
  metrics(): Promise<string>;
}

const ownPage = /^\/-\/ashlar\/(?:health|status|metrics)(?:\?|$)/;
const maxHeaderBytes = 32 * 1024;

/** Makes the servers; they do not listen yet. */
export async function createMirrorServer(options: MirrorServerOptions): Promise<MirrorServer> {
  const { handle, handleConnect, own, authority, limits } = options;
  const proxyUsers = new WeakMap<object, string>();
  const tunnels = new Set<Duplex>();
  const http = createServer({
    connectionsCheckingInterval: limits.headersMs / 4,
    maxHeaderSize: maxHeaderBytes,
  });
  http.headersTimeout = limits.headersMs;
  http.keepAliveTimeout = limits.keepAliveMs;
  http.timeout = limits.idleMs;
  const app = fastify({
    serverFactory(handleOwn) {
      // What is a registry's or another host's comes as it was sent, whatever method, path and body it has.
      http.on('request', (request, response) => {
        const isOwn = ['GET', 'HEAD'].includes(request.method ?? '');
        if (isOwn && ownPage.test(request.url ?? '')) handleOwn(request, response);
        // Its failures are told elsewhere; here nothing but this connection may end by them.
        else handle(request, response).catch(() => response.destroy());
      });
      return http;
    },
    forceCloseConnections: true,
  });
  app.get('/-/ashlar/health', () => own.health());
  app.get('/-/ashlar/status', (request, reply) =>
    isFromHere(request.raw) ? own.status() : reply.code(403).send(statusRefusal),
  );
  app.get('/-/ashlar/metrics', async (_request, reply) => {
    const text = await own.metrics();
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
  await app.ready();
  http.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    tunnels.add(client);
    client.once('close', () => tunnels.delete(client));
    handleConnect(request, client, head).catch(() => client.destroy());
  });

  const secureOptions =
    authority === null
      ? null
      : {
          SNICallback: authority.sniCallback,
          ALPNProtocols: ['http/1.1'],
          minVersion: 'TLSv1.2' as const,
          handshakeTimeout: limits.handshakeMs,
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
    async connections() {
      const counts = await Promise.all([countOf(http), tls === null ? 0 : countOf(tls)]);
      return counts.reduce((sum, count) => sum + count, 0);
    },
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

function countOf(server: Server | TlsServer): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count ?? 0)));
}

/** The status names packages, clients and builds, private ones too: it is for whoever runs the mirror. */
const statusRefusal = {
  error: "the status is given on the mirror's own machine alone, and not through a proxy",
  hint: 'Run `ashlar mirror status` there; /-/ashlar/metrics has numbers without names.',
};

function isFromHere({ socket, headers }: IncomingMessage): boolean {
  const peer = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return (peer === '::1' || peer.startsWith('127.')) && headers['x-forwarded-for'] === undefined;
}
