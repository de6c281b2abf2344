import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { AddressRule } from './address-rule.ts';
import { AttemptFailure } from './attempt-failure.ts';

/** Time spent on a network step, for the ledger. */
export interface NetworkTiming {
  readonly kind: 'dns' | 'connect' | 'tls' | 'registry';
  /** A host, or a request without secrets. */
  readonly subject: string;
  /** On the monotonic clock. */
  readonly startMs: number;
  readonly durationMs: number;
}

export type OnTiming = (timing: NetworkTiming) => void;

export interface ConnectorOptions {
  readonly connectTimeoutMs: number;
  readonly onTiming: OnTiming;
  /** A monotonic clock. */
  readonly monotonicMs: () => number;
  /** Asked for every address before it is connected to; all are taken where there is none. */
  readonly addressRule?: AddressRule | undefined;
}

/**
 * Opens connections for undici and tells apart what the time went to: the name, the connection, TLS. The timeout
 * holds for name and connection together, and again for TLS. Proxied connections are made by undici's
 * own connector, untimed.
 */
export function createTimedConnector(options: ConnectorOptions): buildConnector.connector {
  const { connectTimeoutMs, onTiming, monotonicMs, addressRule } = options;
  const connectTls = buildConnector({ timeout: connectTimeoutMs });
  const refusalOf = (hostname: string, found: string | LookupAddress[]): Error | null =>
    addressRule === undefined ? null : refusal(addressRule, hostname, found);
  return (target, callback) => {
    const subject = target.host ?? target.hostname;
    const startMs = monotonicMs();
    let dnsMs = 0;
    const book = (kind: NetworkTiming['kind'], beganMs: number): void =>
      onTiming({ kind, subject, startMs: beganMs, durationMs: monotonicMs() - beganMs });
    const lookup: LookupFunction = (hostname, lookupOptions, done) => {
      const lookupStartMs = monotonicMs();
      dnsLookup(hostname, lookupOptions, (error, address, family) => {
        dnsMs = monotonicMs() - lookupStartMs;
        onTiming({ kind: 'dns', subject, startMs: lookupStartMs, durationMs: dnsMs });
        done(error ?? refusalOf(hostname, address), address, family);
      });
    };
    const bareName = target.hostname.replace(/^\[(.*)\]$/, '$1');
    const refused = isIP(bareName) === 0 ? null : refusalOf(bareName, bareName);
    if (refused !== null) {
      callback(refused, null);
      return;
    }
    const connectTcp = buildConnector({ timeout: connectTimeoutMs, lookup });
    const port = target.port || (target.protocol === 'https:' ? '443' : '80');
    connectTcp({ ...target, protocol: 'http:', port }, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      book('connect', startMs + dnsMs);
      if (target.protocol !== 'https:') {
        callback(null, socket);
        return;
      }
      const tlsStartMs = monotonicMs();
      connectTls({ ...target, httpSocket: socket }, (...[tlsError, tlsSocket]) => {
        if (tlsError !== null) {
          callback(tlsError, null);
          return;
        }
        book('tls', tlsStartMs);
        callback(null, tlsSocket);
      });
    });
  };
}

/** One address that may not be reached is enough: connecting tries them in turn. */
function refusal(
  rule: AddressRule,
  hostname: string,
  found: string | readonly LookupAddress[],
): Error | null {
  const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address);
  try {
    for (const address of addresses) rule.check(hostname, address);
    return null;
  } catch (error) {
    if (error instanceof AttemptFailure) return error;
    throw error;
  }
}
