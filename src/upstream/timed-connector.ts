import { lookup as dnsLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import {
  type AddressRule,
  type FoundAddresses,
  refusalOf,
  refusalOfLiteral,
} from './address-rule.ts';

/** Time spent on a network step, for the ledger. */
export interface NetworkTiming {
  readonly kind: 'dns' | 'connect' | 'tls' | 'registry';
  /** A host, or a request without secrets. */
  readonly subject: string;
  /** On the monotonic clock. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Of `registry` where it is a request, to this host: each has both, the wait for the head of its answer and for the body. */
  readonly request?: { readonly host: string; readonly part: 'head' | 'body' };
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
  const refusalFor = (hostname: string, found: FoundAddresses): Error | null =>
    addressRule === undefined ? null : refusalOf(addressRule, hostname, found);
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
        done(error ?? refusalFor(hostname, address), address, family);
      });
    };
    const refused =
      addressRule === undefined ? null : refusalOfLiteral(addressRule, target.hostname);
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
      const isHere = socket.remoteAddress === socket.localAddress;
      connectTls({ ...target, httpSocket: socket }, (...[tlsError, tlsSocket]) => {
        if (tlsError !== null) {
          callback(isHere ? Object.assign(tlsError, { leadsHere: true }) : tlsError, null);
          return;
        }
        book('tls', tlsStartMs);
        callback(null, tlsSocket);
      });
    });
  };
}

/** Whether a failure in TLS is that of a connection from this machine to itself. */
export function leadsHere(error: unknown): boolean {
  return error instanceof Error && 'leadsHere' in error && error.leadsHere === true;
}
