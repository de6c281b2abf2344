import type { SecureContext } from 'node:tls';
import { shared } from '../flow/remember.ts';
import { addAuthority, readAuthorities, sweepTemporaries } from './authority-files.ts';
import { type AuthorityFacts, authorityFacts } from './authority-facts.ts';
import {
  type AuthorityTimes,
  defaultAuthorityTimes,
  needsAuthority,
  validAuthorities,
} from './choose-signer.ts';
import { normalHostName, normalHostNames } from './host-name.ts';
import { issueAuthority } from './issue-certificate.ts';
import { createLeafShelf } from './leaf-shelf.ts';
import type { StoredAuthority } from './stored-authority.ts';

/** Certificates for a fixed set of hosts, from an authority that is kept in a directory. */
export interface TlsAuthority {
  /** In order, lower case. */
  readonly hosts: readonly string[];
  /** What a server of this name shows, null for a host that is not one of `hosts`. Made on demand, kept in memory. */
  secureContextFor(serverName: string): Promise<SecureContext | null>;
  /**
   * For `SNICallback` of node:tls. A name that is not served gets no context: a server without a certificate of its
   * own ends the handshake then, with nothing decrypted.
   */
  sniCallback(
    serverName: string,
    callback: (error: Error | null, context?: SecureContext) => void,
  ): void;
  /** All certificates that machines are to trust now, in PEM: those that sign, and their successors. */
  caBundlePem(): Promise<string>;
  /** For people, and for `status`. */
  facts(): Promise<TlsAuthorityFacts>;
}

export interface TlsAuthorityFacts {
  readonly directory: string;
  readonly authorities: readonly AuthorityFacts[];
  readonly leaves: readonly { readonly host: string; readonly notAfterMs: number }[];
}

export interface TlsAuthorityOptions {
  /** Made with mode 0700 when it is missing. */
  readonly directory: string;
  readonly hosts: readonly string[];
  readonly nowMs: () => number;
  /** Told of renewals that failed while the old certificate still serves. */
  readonly onProblem?: (error: unknown) => void;
  readonly times?: Partial<AuthorityTimes>;
}

/**
 * Opens the authority of a directory, making what is missing: processes that start at once end with one. Where the
 * hosts are not all covered, or the end is near, a further authority is made beside the old one (see `chooseSigner` for
 * who signs when); all that are valid are published. Authorities that have ended stay on disk and are not used: a clock
 * that is wrong for a while destroys nothing. Throws `config_invalid`, `authority_unsafe` and `authority_corrupt`.
 */
export async function openTlsAuthority(options: TlsAuthorityOptions): Promise<TlsAuthority> {
  const { directory, nowMs } = options;
  const hosts = normalHostNames(options.hosts);
  const times = { ...defaultAuthorityTimes, ...options.times };
  const refresh = shared(() => currentAuthorities({ directory, hosts, nowMs, times }));
  const authorities = (): Promise<readonly StoredAuthority[]> => refresh('');
  await authorities();
  await sweepTemporaries(directory, nowMs());
  const shelf = createLeafShelf({
    authorities,
    nowMs,
    times,
    onProblem: options.onProblem ?? (() => {}),
  });
  const secureContextFor = async (serverName: string): Promise<SecureContext | null> => {
    const host = normalHostName(serverName);
    if (host === null || !hosts.includes(host)) return null;
    return (await shelf.leafFor(host)).context;
  };
  return {
    hosts,
    secureContextFor,
    sniCallback(serverName, callback) {
      void answerSni(secureContextFor(serverName), callback);
    },
    async caBundlePem() {
      return (await authorities()).map(({ certificatePem }) => certificatePem).join('');
    },
    async facts() {
      const valid = await authorities();
      const at = { nowMs: nowMs(), times };
      return {
        directory,
        authorities: authorityFacts(valid, hosts, at),
        leaves: shelf.leaves().map(({ host, notAfterMs }) => ({ host, notAfterMs })),
      };
    },
  };
}

async function answerSni(
  wanted: Promise<SecureContext | null>,
  callback: Parameters<TlsAuthority['sniCallback']>[1],
): Promise<void> {
  let context: SecureContext | null;
  try {
    context = await wanted;
  } catch (error) {
    callback(error instanceof Error ? error : new Error(String(error)));
    return;
  }
  callback(null, context ?? undefined);
}

interface Place {
  readonly directory: string;
  readonly hosts: readonly string[];
  readonly nowMs: () => number;
  readonly times: AuthorityTimes;
}

/** Each round reads what is there; a round that lost the race for the next place finds the winner's in the next. */
async function currentAuthorities(place: Place): Promise<readonly StoredAuthority[]> {
  const { directory, hosts, times } = place;
  for (;;) {
    const { authorities, next } = await readAuthorities(directory);
    const nowMs = place.nowMs();
    const valid = validAuthorities(authorities, nowMs);
    if (!needsAuthority(valid, hosts, { nowMs, times })) return valid;
    const validity = {
      notBeforeMs: nowMs - times.backdateMs,
      notAfterMs: nowMs + times.authorityLifeMs,
    };
    await addAuthority(directory, next, await issueAuthority(hosts, validity));
  }
}
