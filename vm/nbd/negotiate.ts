import type { Socket } from 'node:net';
import { chunkBytes } from '../../src/index.ts';
import type { ByteReader } from './byte-reader.ts';
import {
  encodeOptionReply,
  handshakeFlags,
  infoTypes,
  initialMagic,
  maxOptionBytes,
  maxOptions,
  maxRequestBytes,
  optionMagic,
  optionReplies,
  options,
  transmissionFlags,
} from './protocol.ts';

export interface NbdExport {
  /** The empty name is answered too: it is the default export. */
  readonly name: string;
  readonly sizeBytes: number;
}

/**
 * The fixed newstyle handshake, up to the point where the client may send requests. Gives false when the
 * client left, aborted, or broke the protocol: the caller then closes the connection.
 */
export async function negotiate(
  socket: Socket,
  reader: ByteReader,
  served: NbdExport,
): Promise<boolean> {
  const greeting = Buffer.alloc(18);
  greeting.writeBigUInt64BE(initialMagic, 0);
  greeting.writeBigUInt64BE(optionMagic, 8);
  greeting.writeUInt16BE(handshakeFlags.fixedNewstyle | handshakeFlags.noZeroes, 16);
  socket.write(greeting);
  const clientFlags = (await reader.take(4))?.readUInt32BE(0);
  const known = handshakeFlags.fixedNewstyle | handshakeFlags.noZeroes;
  if (clientFlags === undefined || (clientFlags & ~known) !== 0) return false;
  const tailBytes = (clientFlags & handshakeFlags.noZeroes) === 0 ? 124 : 0;
  for (let count = 0; count < maxOptions; count += 1) {
    const option = await readOption(reader);
    if (option === undefined) return false;
    const { reply, next } = answerOption(option, served, tailBytes);
    if (reply.length > 0) socket.write(reply);
    if (next === 'transmit') return true;
    if (next === 'close') return false;
    if (option.oversizeBytes > 0 && !(await reader.skip(option.oversizeBytes))) return false;
  }
  return false;
}

interface ClientOption {
  readonly code: number;
  readonly data: Buffer;
  /** Bytes of data that were not read, because the option is larger than any that exists. */
  readonly oversizeBytes: number;
}

interface OptionAnswer {
  readonly reply: Buffer;
  readonly next: 'continue' | 'transmit' | 'close';
}

async function readOption(reader: ByteReader): Promise<ClientOption | undefined> {
  const head = await reader.take(16);
  if (head === undefined || head.readBigUInt64BE(0) !== optionMagic) return undefined;
  const code = head.readUInt32BE(8);
  const lengthBytes = head.readUInt32BE(12);
  if (lengthBytes > maxRequestBytes) return undefined;
  if (lengthBytes > maxOptionBytes) {
    return { code, data: Buffer.alloc(0), oversizeBytes: lengthBytes };
  }
  const data = await reader.take(lengthBytes);
  return data === undefined ? undefined : { code, data, oversizeBytes: 0 };
}

function answerOption(option: ClientOption, served: NbdExport, tailBytes: number): OptionAnswer {
  const { code, data } = option;
  const refuse = (type: number): OptionAnswer => ({
    reply: encodeOptionReply(code, type),
    next: 'continue',
  });
  if (code === options.exportName) {
    // This option has no error reply: an unknown name ends the connection.
    if (option.oversizeBytes > 0 || !isServed(served, data.toString('utf8'))) {
      return { reply: Buffer.alloc(0), next: 'close' };
    }
    return {
      reply: Buffer.concat([exportFacts(served), Buffer.alloc(tailBytes)]),
      next: 'transmit',
    };
  }
  if (option.oversizeBytes > 0) return refuse(optionReplies.tooBig);
  switch (code) {
    case options.abort:
      return { reply: encodeOptionReply(code, optionReplies.ack), next: 'close' };
    case options.list:
      if (data.length > 0) return refuse(optionReplies.invalid);
      return { reply: listReply(served), next: 'continue' };
    case options.info:
    case options.go: {
      const name = parseInfoName(data);
      if (name === undefined) return refuse(optionReplies.invalid);
      if (!isServed(served, name)) return refuse(optionReplies.unknownExport);
      return {
        reply: infoReply(code, served),
        next: code === options.go ? 'transmit' : 'continue',
      };
    }
    default:
      return refuse(optionReplies.unsupported);
  }
}

function isServed(served: NbdExport, name: string): boolean {
  return name === '' || name === served.name;
}

/** The name in the data of NBD_OPT_INFO and NBD_OPT_GO, or undefined where their lengths contradict. */
function parseInfoName(data: Buffer): string | undefined {
  if (data.length < 6) return undefined;
  const nameBytes = data.readUInt32BE(0);
  if (nameBytes > data.length - 6) return undefined;
  const requestCount = data.readUInt16BE(4 + nameBytes);
  if (data.length !== 6 + nameBytes + 2 * requestCount) return undefined;
  return data.toString('utf8', 4, 4 + nameBytes);
}

function exportFacts(served: NbdExport): Buffer {
  const facts = Buffer.alloc(10);
  facts.writeBigUInt64BE(BigInt(served.sizeBytes), 0);
  facts.writeUInt16BE(transmissionFlags, 8);
  return facts;
}

function infoReply(code: number, served: NbdExport): Buffer {
  const exportInfo = Buffer.alloc(2);
  exportInfo.writeUInt16BE(infoTypes.export, 0);
  const blockSize = Buffer.alloc(14);
  blockSize.writeUInt16BE(infoTypes.blockSize, 0);
  blockSize.writeUInt32BE(1, 2);
  blockSize.writeUInt32BE(chunkBytes, 6);
  blockSize.writeUInt32BE(maxRequestBytes, 10);
  return Buffer.concat([
    encodeOptionReply(code, optionReplies.info, Buffer.concat([exportInfo, exportFacts(served)])),
    encodeOptionReply(code, optionReplies.info, blockSize),
    encodeOptionReply(code, optionReplies.ack),
  ]);
}

function listReply(served: NbdExport): Buffer {
  const name = Buffer.from(served.name, 'utf8');
  const entry = Buffer.alloc(4);
  entry.writeUInt32BE(name.length, 0);
  return Buffer.concat([
    encodeOptionReply(options.list, optionReplies.server, Buffer.concat([entry, name])),
    encodeOptionReply(options.list, optionReplies.ack),
  ]);
}
