/**
 * Numbers of the NBD protocol, fixed newstyle negotiation and simple replies.
 * Source: the "NBD protocol" document of the NetworkBlockDevice project (doc/proto.md), sections
 * "Newstyle negotiation", "Transmission" and "Values". All integers are big-endian.
 */
export const initialMagic = 0x4e42444d41474943n;
export const optionMagic = 0x49484156454f5054n;
export const optionReplyMagic = 0x0003e889045565a9n;
export const requestMagic = 0x25609513;
export const simpleReplyMagic = 0x67446698;

export const handshakeFlags = { fixedNewstyle: 1, noZeroes: 2 } as const;

export const options = { exportName: 1, abort: 2, list: 3, info: 6, go: 7 } as const;

export const optionReplies = {
  ack: 1,
  server: 2,
  info: 3,
  unsupported: 0x80000001,
  invalid: 0x80000003,
  unknownExport: 0x80000006,
  tooBig: 0x80000009,
} as const;

export const infoTypes = { export: 0, blockSize: 3 } as const;

export const commands = { read: 0, write: 1, disconnect: 2, flush: 3 } as const;

export const replyErrors = { none: 0, notPermitted: 1, io: 5, invalid: 22 } as const;

const hasFlags = 1;
const readOnly = 1 << 1;
const sendFlush = 1 << 2;
const canMultiConn = 1 << 8;
/** What the export offers: reads and flushes, from several connections; no write of any kind. */
export const transmissionFlags = hasFlags | readOnly | sendFlush | canMultiConn;

/** The largest request served, and the largest block size announced. */
export const maxRequestBytes = 32 * 1024 * 1024;
/** The largest data of one option: no defined option comes near it (strings end at 4,096 bytes). */
export const maxOptionBytes = 16 * 1024;
export const maxOptions = 64;
export const requestHeaderBytes = 28;

export interface NbdRequest {
  readonly flags: number;
  readonly command: number;
  readonly cookie: bigint;
  readonly offset: bigint;
  readonly lengthBytes: number;
}

/** Reads a request header, or gives undefined where the magic is wrong. */
export function parseRequest(header: Buffer): NbdRequest | undefined {
  if (header.readUInt32BE(0) !== requestMagic) return undefined;
  return {
    flags: header.readUInt16BE(4),
    command: header.readUInt16BE(6),
    cookie: header.readBigUInt64BE(8),
    offset: header.readBigUInt64BE(16),
    lengthBytes: header.readUInt32BE(24),
  };
}

export function encodeSimpleReply(cookie: bigint, error: number): Buffer {
  const reply = Buffer.alloc(16);
  reply.writeUInt32BE(simpleReplyMagic, 0);
  reply.writeUInt32BE(error, 4);
  reply.writeBigUInt64BE(cookie, 8);
  return reply;
}

export function encodeOptionReply(option: number, type: number, data = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(optionReplyMagic, 0);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(type, 12);
  head.writeUInt32BE(data.length, 16);
  return Buffer.concat([head, data]);
}
