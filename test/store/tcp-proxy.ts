import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** What a proxy does with the answers on one connection: passes so many bytes, then cuts it or says nothing more. */
export interface ProxyFault {
  readonly passBytes: number;
  readonly after: 'cut' | 'stall';
}

export interface TcpProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  /** How many connections were made so far. */
  connections(): number;
}

/** A proxy on loopback before `target`, an `http://host:port`. `faultOf` gets the connection's number, from 1. */
export async function startTcpProxy(
  target: string,
  faultOf: (connection: number) => ProxyFault | null,
): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}); // cut connections are what this is for
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => upstream.write(bytes));
    const answer = answerThrough(client, faultOf(connections));
    upstream.on('data', answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function answerThrough(client: Socket, fault: ProxyFault | null): (bytes: Buffer) => void {
  let leftBytes = fault?.passBytes ?? Number.POSITIVE_INFINITY;
  return (bytes) => {
    const passed = bytes.subarray(0, leftBytes);
    leftBytes -= passed.length;
    const over = passed.length < bytes.length;
    if (over && fault?.after === 'cut') client.end(passed, () => client.destroy());
    else if (passed.length > 0) client.write(passed);
  };
}
