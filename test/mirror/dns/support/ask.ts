import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type Answer, decode, type DecodedPacket, encode } from 'dns-packet';
import { framed } from './fake-resolver.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface Question {
  readonly name: string;
  readonly type?: string;
  readonly id?: number;
  /** The size that EDNS tells; without it the query has no EDNS. */
  readonly udpBytes?: number;
  readonly ednsVersion?: number;
  readonly flags?: number;
}

export function query(question: Question): Buffer {
  const { name, type = 'A', id = 4711, udpBytes, ednsVersion = 0, flags = 0x0100 } = question;
  const opt: Answer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: udpBytes ?? 0,
    extendedRcode: 0,
    ednsVersion,
    flags: 0,
    flag_do: false,
    options: [],
  };
  return encode({
    type: 'query',
    id,
    flags,
    questions: [{ type: type as 'A', name }],
    additionals: udpBytes === undefined ? [] : [opt],
  });
}

export interface Reply extends DecodedPacket {
  readonly bytes: Buffer;
  readonly rcode: string;
}

export function readReply(bytes: Buffer): Reply {
  return { ...(decode(bytes) as DecodedPacket & { rcode: string }), bytes };
}

const patienceMs = 8000;

/** Sends bytes over UDP and waits for the reply. */
export async function askUdp({ host, port }: Place, bytes: Buffer): Promise<Reply> {
  const socket = createSocket('udp4');
  try {
    socket.send(bytes, port, host);
    const [reply] = (await once(socket, 'message', {
      signal: AbortSignal.timeout(patienceMs),
    })) as [Buffer];
    return readReply(reply);
  } finally {
    socket.close();
  }
}

/** Sends messages over one TCP connection, says that there are no more, and gives all replies. */
export async function askTcp({ host, port }: Place, ...messages: Buffer[]): Promise<Reply[]> {
  const socket = connect({ host, port, allowHalfOpen: true });
  const pieces: Buffer[] = [];
  socket.on('data', (bytes) => pieces.push(bytes));
  socket.end(Buffer.concat(messages.map(framed)));
  try {
    await once(socket, 'end', { signal: AbortSignal.timeout(patienceMs) });
  } finally {
    socket.destroy();
  }
  return unframe(Buffer.concat(pieces)).map(readReply);
}

function unframe(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let rest = bytes; rest.length >= 2;) {
    const end = 2 + rest.readUInt16BE(0);
    messages.push(rest.subarray(2, end));
    rest = rest.subarray(end);
  }
  return messages;
}
