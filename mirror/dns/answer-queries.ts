import {
  type DnsQuery,
  encodeReply,
  encodeUnfitReply,
  rcodeOf,
  rcodes,
  readQuery,
  udpLimit,
} from './dns-message.ts';
import type { Forwarder } from './forwarder.ts';
import { mirroredAnswer, type MirroredNames } from './mirrored-answer.ts';

export type Transport = 'udp' | 'tcp';

/** What became of a query. */
export interface DnsQueryEvent {
  readonly transport: Transport;
  /** Empty for what could not be read. */
  readonly name: string;
  readonly type: number;
  /** `failed`: no resolver answered. `refused`: there is nobody to ask. `unfit`: not a query that can be answered. */
  readonly outcome: 'mirrored' | 'forwarded' | 'failed' | 'refused' | 'unfit';
  readonly rcode: number;
  readonly durationMs: number;
}

export interface AnswerOptions {
  readonly names: MirroredNames;
  readonly ttlSeconds: number;
  /** Null when nothing is forwarded. */
  readonly forwarder: Forwarder | null;
  readonly observe: (event: DnsQueryEvent) => void;
}

/** Gives the reply to a message, null for what gets none. */
export type AnswerQuery = (message: Buffer, transport: Transport) => Promise<Buffer | null>;

export function createAnswerQuery(options: AnswerOptions): AnswerQuery {
  return async (message, transport) => {
    const startMs = performance.now();
    const query = readQuery(message);
    if (query === null) return null;
    const answer =
      'header' in query ? unfit(encodeUnfitReply(query)) : await answerOf(query, options);
    const isKnown = 'bytes' in query;
    options.observe({
      transport,
      name: isKnown ? query.askedName.toLowerCase() : '',
      type: isKnown ? query.type : 0,
      outcome: answer.outcome,
      rcode: rcodeOf(answer.reply),
      durationMs: performance.now() - startMs,
    });
    if (!isKnown || transport === 'tcp') return answer.reply;
    return fitIntoUdp(query, answer.reply);
  };
}

interface Answered {
  readonly reply: Buffer;
  readonly outcome: DnsQueryEvent['outcome'];
}

async function answerOf(query: DnsQuery, options: AnswerOptions): Promise<Answered> {
  // RFC 6891, section 6.1.3.
  if (query.edns !== null && query.edns.version !== 0)
    return unfit(encodeReply(query, { rcode: rcodes.badVers }));
  const mirrored = mirroredAnswer(query, options.names, options.ttlSeconds);
  if (mirrored !== null) return { reply: mirrored, outcome: 'mirrored' };
  if (options.forwarder === null)
    return { reply: encodeReply(query, { rcode: rcodes.refused }), outcome: 'refused' };
  const forwarded = await options.forwarder.forward(query);
  return forwarded === null
    ? { reply: encodeReply(query, { rcode: rcodes.servFail }), outcome: 'failed' }
    : { reply: forwarded, outcome: 'forwarded' };
}

function unfit(reply: Buffer): Answered {
  return { reply, outcome: 'unfit' };
}

/** A client that gets a truncated reply asks again over TCP: RFC 7766, section 5. */
function fitIntoUdp(query: DnsQuery, reply: Buffer): Buffer {
  if (reply.length <= udpLimit(query)) return reply;
  return encodeReply(query, { rcode: rcodes.noError, isTruncated: true });
}
