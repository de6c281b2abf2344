import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { isReplyTo } from './dns-message.ts';
import type { ResolverAddress } from './resolver-address.ts';

/** So many wrong replies are somebody's guesses: TCP, which cannot be guessed, has to decide. */
const maxWrongReplies = 16;

/**
 * Asks a resolver over UDP, from a socket and so from a port of its own. Takes only what comes from this resolver and
 * replies to this query, and waits on for it when anything else comes. Null when the resolver cannot be reached,
 * `guessed` after too many wrong replies; rejects with the reason when the signal aborts.
 */
export function askOverUdp(
  resolver: ResolverAddress,
  query: { readonly bytes: Buffer; readonly questionEnd: number },
  signal: AbortSignal,
): Promise<Buffer | 'guessed' | null> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(resolver.host.split('%')[0] ?? '') ? 'udp6' : 'udp4');
    let isSettled = false;
    let wrongReplies = 0;
    const end = (): void => {
      isSettled = true;
      signal.removeEventListener('abort', onAbort);
      socket.close();
    };
    const settle = (value: Buffer | 'guessed' | null): void => {
      if (isSettled) return;
      end();
      resolve(value);
    };
    const onAbort = (): void => {
      end();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    // Nobody listens there, or there is no way to it.
    socket.on('error', () => settle(null));
    socket.on('message', (reply) => {
      if (isReplyTo(query.bytes, query.questionEnd, reply)) settle(reply);
      else if ((wrongReplies += 1) >= maxWrongReplies) settle('guessed');
    });
    // A connected socket takes nothing from others, and hears of refusals.
    socket.on('connect', () => socket.send(query.bytes));
    socket.connect(resolver.port, resolver.host);
  });
}
