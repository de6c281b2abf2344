import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer, type PeerCertificate, type TlsOptions } from 'node:tls';

/** A server that says its protocol and cipher to whoever comes, and ends. */
export interface TlsServer extends AsyncDisposable {
  readonly port: number;
  /** What failed handshakes said. */
  readonly failures: readonly string[];
}

export async function startTlsServer(options: TlsOptions): Promise<TlsServer> {
  const failures: string[] = [];
  const server = createServer(options, (socket) => {
    socket.on('error', () => {});
    // An answer that a client for HTTP takes too.
    const words = `${socket.getProtocol()} ${socket.getCipher().name}\n`;
    socket.end(`HTTP/1.0 200 OK\r\nContent-Length: ${words.length}\r\n\r\n${words}`);
  });
  server.on('tlsClientError', (error) => failures.push(error.message));
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    failures,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

export interface Handshake {
  readonly authorized: boolean;
  readonly certificate: PeerCertificate;
}

/** Connects with Node's own rules for certificates, and takes what the server says; rejects as Node does. */
export async function connectTls(
  port: number,
  { servername, ca }: { readonly servername: string; readonly ca: string },
): Promise<Handshake> {
  const socket = connect({ port, host: '127.0.0.1', servername, ca });
  await once(socket, 'secureConnect');
  const shake = { authorized: socket.authorized, certificate: socket.getPeerCertificate() };
  socket.resume();
  await once(socket, 'close');
  return shake;
}
