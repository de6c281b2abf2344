import { randomInt } from 'node:crypto';
import { askOverTcp } from './ask-over-tcp.ts';
import { askOverUdp } from './ask-over-udp.ts';
import { type DnsQuery, isTruncated, rcodeOf, rcodes, readdressReply } from './dns-message.ts';
import type { ResolverAddress } from './resolver-address.ts';

export interface ForwarderOptions {
  readonly resolvers: readonly ResolverAddress[];
  /** For one question to one resolver. */
  readonly attemptTimeoutMs: number;
  /** For all attempts together: shorter than clients wait. */
  readonly totalTimeoutMs: number;
  /** Questions under way; more are not asked. */
  readonly maxOpen: number;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
}

export interface Forwarder {
  /**
   * Asks the resolvers in their order, and again until the time is over; those that did not answer lately come last.
   * What clients ask at once in the same bytes is asked once. Messages go on as they are (RFC 5625, section 4), but
   * with an id of our own. Gives the reply with the client's id and question; null when nobody answered in time, and at
   * once when too much is under way.
   */
  forward(query: DnsQuery): Promise<Buffer | null>;
}

const rounds = 2;
/** How long a resolver that failed comes last. */
const shunMs = 30_000;

/** What another resolver may know better: RFC 2308, section 7, and resolv.conf(5) as the C library takes it. */
const unhelpful: readonly number[] = [
  rcodes.formErr,
  rcodes.servFail,
  rcodes.notImp,
  rcodes.refused,
];

export function createForwarder(options: ForwarderOptions): Forwarder {
  const underWay = new Map<string, Promise<Buffer | null>>();
  const failedAtMs = new Map<ResolverAddress, number>();

  const ordered = (): readonly ResolverAddress[] => {
    const isShunned = (resolver: ResolverAddress): number =>
      options.nowMs() - (failedAtMs.get(resolver) ?? -Infinity) < shunMs ? 1 : 0;
    return options.resolvers.toSorted((left, right) => isShunned(left) - isShunned(right));
  };

  const ask = async (asked: Asked): Promise<Buffer | null> => {
    const deadline = AbortSignal.any([options.signal, AbortSignal.timeout(options.totalTimeoutMs)]);
    let unhelpfulReply: Buffer | null = null;
    for (const resolver of Array.from({ length: rounds }, ordered).flat()) {
      if (deadline.aborted) break;
      const reply = await attempt(resolver, asked, { deadline, options });
      if (reply === null) failedAtMs.set(resolver, options.nowMs());
      else if (!unhelpful.includes(rcodeOf(reply))) return reply;
      else if (unhelpfulReply !== null) break;
      else unhelpfulReply = reply;
    }
    return unhelpfulReply;
  };

  return {
    async forward(query) {
      const key = query.bytes.toString('latin1', 2);
      let reply = underWay.get(key);
      if (reply === undefined) {
        if (underWay.size >= options.maxOpen) return null;
        reply = ask(withOwnId(query)).finally(() => underWay.delete(key));
        underWay.set(key, reply);
      }
      const bytes = await reply;
      return bytes === null ? null : readdressReply(query, bytes);
    },
  };
}

interface Asked {
  readonly bytes: Buffer;
  readonly questionEnd: number;
}

function withOwnId({ bytes, questionEnd }: DnsQuery): Asked {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(randomInt(0x10000), 0);
  return { bytes: copy, questionEnd };
}

/** Null for a resolver that did not answer in its time. */
async function attempt(
  resolver: ResolverAddress,
  asked: Asked,
  { deadline, options }: { readonly deadline: AbortSignal; readonly options: ForwarderOptions },
): Promise<Buffer | null> {
  const signal = AbortSignal.any([deadline, AbortSignal.timeout(options.attemptTimeoutMs)]);
  try {
    const reply = await askOverUdp(resolver, asked, signal);
    if (reply === null || (reply !== 'guessed' && !isTruncated(reply))) return reply;
    const whole = await askOverTcp(resolver, asked, signal);
    // A resolver without TCP: the client may try its own luck with what there is.
    return whole ?? (reply === 'guessed' ? null : reply);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}
