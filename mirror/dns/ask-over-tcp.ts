import { connect } from 'node:net';
import { createFrameReader, frame } from './dns-frames.ts';
import { isReplyTo } from './dns-message.ts';
import type { ResolverAddress } from './resolver-address.ts';

/** What the length before a message can say. */
const maxMessageBytes = 65535;

/**
 * Asks a resolver over TCP (RFC 7766). Null when the resolver cannot be reached, ends the connection, or says something
 * else; rejects with the reason when the signal aborts.
 */
export function askOverTcp(
  resolver: ResolverAddress,
  query: { readonly bytes: Buffer; readonly questionEnd: number },
  signal: AbortSignal,
): Promise<Buffer | null> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = connect(resolver.port, resolver.host, () => socket.write(frame(query.bytes)));
    const read = createFrameReader(maxMessageBytes);
    const end = (): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
    };
    const settle = (value: Buffer | null): void => {
      end();
      resolve(value);
    };
    const onAbort = (): void => {
      end();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', () => settle(null));
    socket.on('close', () => settle(null));
    socket.on('data', (bytes) => {
      const [reply] = read(bytes) ?? [];
      if (reply !== undefined)
        settle(isReplyTo(query.bytes, query.questionEnd, reply) ? reply : null);
    });
  });
}
