import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createByteReader, type ByteReader } from '../../../vm/nbd/byte-reader.ts';

/** A client that can say anything, right or wrong. */
export interface RawClient extends Disposable {
  readonly socket: Socket;
  readonly reader: ByteReader;
  send(...parts: (Buffer | string)[]): void;
  /** Resolves when the server has closed the connection; gives what it sent until then. */
  rest(): Promise<Buffer>;
}

export async function connectRaw(socketPath: string): Promise<RawClient> {
  const socket = connect(socketPath);
  await once(socket, 'connect');
  socket.on('error', () => {});
  const reader = createByteReader(socket);
  return {
    socket,
    reader,
    send: (...parts) => void socket.write(Buffer.concat(parts.map((part) => Buffer.from(part)))),
    async rest() {
      const parts: Buffer[] = [];
      for (;;) {
        const byte = await reader.take(1);
        if (byte === undefined) return Buffer.concat(parts);
        parts.push(byte);
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function option(code: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from('IHAVEOPT', 'latin1'), u32(code), u32(data.length), data]);
}

/** The data of NBD_OPT_GO and NBD_OPT_INFO without information requests. */
export function infoData(name: string): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(name)), Buffer.from(name), u16(0)]);
}

export interface RequestFields {
  readonly command: number;
  readonly offset: number | bigint;
  readonly lengthBytes: number;
  readonly cookie?: number;
  readonly magic?: number;
  readonly flags?: number;
}

export function request(fields: RequestFields): Buffer {
  const { command, offset, lengthBytes, cookie = 7, magic = 0x25609513, flags = 0 } = fields;
  const head = [u32(magic), u16(flags), u16(command), u64(cookie)];
  return Buffer.concat([...head, u64(offset), u32(lengthBytes)]);
}

/** Greets and asks for the default export; the connection is then ready for requests. */
export async function startTransmission(client: RawClient): Promise<void> {
  await client.reader.take(18);
  client.send(u32(3), option(7, infoData('')));
  const repliesBytes = 20 + 12 + (20 + 14) + 20;
  await client.reader.take(repliesBytes);
}

export interface SimpleReply {
  readonly error: number;
  readonly cookie: number;
  readonly data: Buffer;
}

/** Takes a simple reply; `dataBytes` follow it where it tells no error. */
export async function takeReply(client: RawClient, dataBytes = 0): Promise<SimpleReply> {
  const head = await client.reader.take(16);
  if (head === undefined || head.readUInt32BE(0) !== 0x67446698) {
    throw new Error('the server sent no simple reply');
  }
  const error = head.readUInt32BE(4);
  const data = error === 0 ? await client.reader.take(dataBytes) : Buffer.alloc(0);
  if (data === undefined) throw new Error('the reply is cut off');
  return { error, cookie: Number(head.readBigUInt64BE(8)), data };
}
