import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { type Answer, decode, encode } from 'dns-packet';

export interface AskedQuery {
  readonly bytes: Buffer;
  readonly transport: 'udp' | 'tcp';
  readonly from: { readonly address: string; readonly port: number };
  /** Sends these bytes back; over TCP behind their length. */
  readonly reply: (bytes: Buffer) => void;
}

/** A resolver that does what a test says. */
export interface FakeResolver extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly asked: readonly AskedQuery[];
}

export async function startFakeResolver(
  onQuery: (query: AskedQuery) => void,
  transports: 'both' | 'udp' = 'both',
): Promise<FakeResolver> {
  const asked: AskedQuery[] = [];
  const take = (query: AskedQuery): void => {
    asked.push(query);
    onQuery(query);
  };
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const from = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
      const reply = (message: Buffer): void => void socket.write(framed(message));
      take({ bytes: bytes.subarray(2), transport: 'tcp', from, reply });
    });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.on('message', (bytes: Buffer, client: RemoteInfo) => {
    const reply = (message: Buffer): void => udp.send(message, client.port, client.address);
    take({ bytes, transport: 'udp', from: client, reply });
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  if (transports === 'udp') tcp.close();
  return {
    host: '127.0.0.1',
    port,
    asked,
    async [Symbol.asyncDispose]() {
      udp.close();
      for (const socket of sockets) socket.destroy();
      if (transports === 'both') tcp.close();
    },
  };
}

/** A good reply: the question again, and these answers. */
export function replyTo(query: Buffer, answers: Answer[], flags = 0x0180): Buffer {
  const { id, questions } = decode(query);
  return encode({
    type: 'response',
    ...(id === undefined ? {} : { id }),
    flags,
    questions: questions ?? [],
    answers,
  });
}

/** As the ten-address answers of content networks; with 100, far more than a datagram takes. */
export function addresses(name: string, count: number): Answer[] {
  return Array.from({ length: count }, (_, index) => ({
    type: 'A',
    name,
    ttl: 5,
    data: `192.0.2.${index}`,
  }));
}

export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
