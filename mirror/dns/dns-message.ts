import { decode, encode, type OptAnswer, type Answer } from 'dns-packet';

/** RFC 1035, section 4.1.1. */
const headerBytes = 12;
const responseBit = 0x8000;
const opcodeMask = 0x7800;
const authoritativeBit = 0x0400;
const truncatedBit = 0x0200;
const recursionAvailableBit = 0x0080;
/** Recursion desired, checking disabled: what a reply keeps of its query's flags. */
const keptBits = 0x0110;
/** RFC 6891, section 6.2.3: what a query without EDNS takes over UDP. */
const plainUdpBytes = 512;
/** What fits through every network unfragmented; also what is told to clients. */
const ednsUdpBytes = 1232;
const maxUdpBytes = 4096;
const maxAdditionals = 8;
/** Far more than a query needs; longer ones would cost time to read. */
export const maxQueryBytes = 4096;

/** RFC 1035, section 4.1.1, and RFC 6891, section 9. */
export const rcodes = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  notImp: 4,
  refused: 5,
  badVers: 16,
} as const;
export type Rcode = (typeof rcodes)[keyof typeof rcodes];

/** A query that can be answered; `bytes` is the message as it came. */
export interface DnsQuery {
  readonly bytes: Buffer;
  readonly id: number;
  readonly flags: number;
  /** Lower case, without the final dot. Null where a label has other bytes than names of hosts have. */
  readonly name: string | null;
  /** As it was asked, the case of letters kept: what a reply has to repeat. */
  readonly askedName: string;
  readonly type: number;
  readonly class: number;
  /** Where the question ends in `bytes`. */
  readonly questionEnd: number;
  readonly edns: {
    readonly udpBytes: number;
    readonly version: number;
    readonly flags: number;
  } | null;
}

/** A query that is answered with nothing but a code. */
export interface UnfitQuery {
  readonly rcode: Rcode;
  readonly header: Buffer;
}

/** Reads a message from a client; null for what gets no answer at all, as replies, pieces of a header, and floods of bytes. */
export function readQuery(bytes: Buffer): DnsQuery | UnfitQuery | null {
  if (bytes.length < headerBytes || bytes.length > maxQueryBytes) return null;
  const flags = bytes.readUInt16BE(2);
  // Never answered, or two servers could keep each other busy.
  if ((flags & responseBit) !== 0) return null;
  const header = bytes.subarray(0, headerBytes);
  if ((flags & opcodeMask) !== 0) return { rcode: rcodes.notImp, header };
  const question = readQuestion(bytes);
  const isOneQuestion =
    bytes.readUInt16BE(4) === 1 &&
    bytes.readUInt32BE(6) === 0 &&
    bytes.readUInt16BE(10) <= maxAdditionals;
  const edns = question === null || !isOneQuestion ? undefined : readEdns(bytes);
  if (question === null || edns === undefined) return { rcode: rcodes.formErr, header };
  return { ...question, bytes, id: bytes.readUInt16BE(0), flags, edns };
}

/** How large a reply over UDP may be. */
export function udpLimit(query: DnsQuery): number {
  if (query.edns === null) return plainUdpBytes;
  return Math.min(Math.max(query.edns.udpBytes, plainUdpBytes), maxUdpBytes);
}

export interface ReplyContent {
  readonly rcode: Rcode;
  readonly isAuthoritative?: boolean;
  readonly isTruncated?: boolean;
  readonly answers?: Answer[];
  readonly authorities?: Answer[];
}

/** A reply of our own. The question is repeated byte by byte, with the case of its letters. */
export function encodeReply(query: DnsQuery, content: ReplyContent): Buffer {
  const { rcode, answers = [], authorities = [] } = content;
  const records = encode({
    type: 'response',
    answers,
    authorities,
    additionals: query.edns === null ? [] : [optRecord(query.edns.flags, rcode >> 4)],
  });
  const question = query.bytes.subarray(headerBytes, query.questionEnd);
  const reply = Buffer.concat([
    records.subarray(0, headerBytes),
    question,
    records.subarray(headerBytes),
  ]);
  const flags =
    responseBit |
    (query.flags & keptBits) |
    (content.isAuthoritative === true ? authoritativeBit : 0) |
    (content.isTruncated === true ? truncatedBit : 0) |
    recursionAvailableBit |
    (rcode & 0xf);
  reply.writeUInt16BE(query.id, 0);
  reply.writeUInt16BE(flags, 2);
  reply.writeUInt16BE(1, 4);
  return reply;
}

/** The reply to what cannot be read beyond its header. */
export function encodeUnfitReply({ header, rcode }: UnfitQuery): Buffer {
  const reply = Buffer.alloc(headerBytes);
  header.copy(reply, 0, 0, 4);
  const flags = header.readUInt16BE(2);
  reply.writeUInt16BE(
    responseBit | (flags & (opcodeMask | keptBits)) | recursionAvailableBit | rcode,
    2,
  );
  return reply;
}

/**
 * True when a message is the reply to this one: its id, its opcode, and its question but for the case of letters (RFC
 * 5452, section 9.1).
 */
export function isReplyTo(query: Buffer, questionEnd: number, reply: Buffer): boolean {
  if (reply.length < questionEnd || reply.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  if ((reply.readUInt16BE(2) & (responseBit | opcodeMask)) !== responseBit) return false;
  if (reply.readUInt16BE(4) !== 1) return false;
  return lowered(query, questionEnd) === lowered(reply, questionEnd);
}

export function isTruncated(reply: Buffer): boolean {
  return (reply.readUInt16BE(2) & truncatedBit) !== 0;
}

export function rcodeOf(reply: Buffer): number {
  return reply.readUInt16BE(2) & 0xf;
}

/** A reply from elsewhere as this client has to get it: with its own id and the letters of its own question. */
export function readdressReply(query: DnsQuery, reply: Buffer): Buffer {
  const copy = Buffer.from(reply);
  query.bytes.copy(copy, headerBytes, headerBytes, query.questionEnd);
  copy.writeUInt16BE(query.id, 0);
  return copy;
}

function lowered(message: Buffer, end: number): string {
  return message
    .toString('latin1', headerBytes, end)
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function optRecord(queryFlags: number, extendedRcode: number): OptAnswer {
  const dnssecOk = queryFlags & 0x8000;
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: ednsUdpBytes,
    extendedRcode,
    ednsVersion: 0,
    flags: dnssecOk,
    flag_do: dnssecOk !== 0,
    options: [],
  };
}

type Question = Pick<DnsQuery, 'name' | 'askedName' | 'type' | 'class' | 'questionEnd'>;

/** RFC 1035, section 4.1.2. There is nothing before it that it could point to. */
function readQuestion(bytes: Buffer): Question | null {
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > 63) return null;
    at += 1;
    if (length === 0) break;
    labels.push(bytes.toString('latin1', at, at + length));
    at += length;
    if (at - headerBytes > 254) return null;
  }
  if (at + 4 > bytes.length) return null;
  const askedName = labels.join('.');
  return {
    askedName,
    name: labels.every((label) => /^[A-Za-z0-9_-]+$/.test(label)) ? askedName.toLowerCase() : null,
    type: bytes.readUInt16BE(at),
    class: bytes.readUInt16BE(at + 2),
    questionEnd: at + 4,
  };
}

/** RFC 6891, section 6.1. Null without EDNS, undefined for what cannot be read. */
function readEdns(bytes: Buffer): DnsQuery['edns'] | undefined {
  const records = readAdditionals(bytes)?.filter((record) => record.type === 'OPT');
  if (records === undefined || records.length > 1) return undefined;
  const [opt] = records;
  if (opt === undefined) return null;
  return { udpBytes: opt.udpPayloadSize, version: opt.ednsVersion, flags: opt.flags };
}

/** The library throws errors of every kind for bytes that are no message. */
function readAdditionals(bytes: Buffer): Answer[] | undefined {
  try {
    return decode(bytes).additionals ?? [];
  } catch {
    return undefined;
  }
}
