import { createSecureContext, type SecureContext } from 'node:tls';
import { type AuthorityTimes, chooseSigner, validAuthorities } from './choose-signer.ts';
import { issueLeaf } from './issue-certificate.ts';
import type { StoredAuthority } from './stored-authority.ts';

/** A certificate that a server shows for a host. */
export interface Leaf {
  readonly host: string;
  readonly context: SecureContext;
  readonly certificatePem: string;
  readonly issuer: StoredAuthority;
  readonly notAfterMs: number;
  readonly renewMs: number;
}

/** The leaves of a process, made when they are asked for, and kept in memory alone. */
export interface LeafShelf {
  /**
   * A leaf that is good now. Calls that come while one is made share it. With a third of its life left it is renewed
   * while the old one serves on; what fails then is told to `onProblem` and tried again after a minute.
   */
  leafFor(host: string): Promise<Leaf>;
  leaves(): readonly Leaf[];
}

export interface LeafShelfOptions {
  /** The authorities as they are now. */
  readonly authorities: () => Promise<readonly StoredAuthority[]>;
  readonly nowMs: () => number;
  readonly times: AuthorityTimes;
  readonly onProblem: (error: unknown) => void;
}

const retryMs = 60_000;

export function createLeafShelf(options: LeafShelfOptions): LeafShelf {
  const { nowMs } = options;
  const made = new Map<string, Leaf>();
  const making = new Map<string, Promise<Leaf>>();
  const retryNotBeforeMs = new Map<string, number>();

  const make = async (host: string): Promise<Leaf> => {
    try {
      const leaf = await makeLeaf(host, options);
      made.set(host, leaf);
      return leaf;
    } finally {
      making.delete(host);
    }
  };

  const renew = (host: string): Promise<Leaf> => {
    const leaf = making.get(host) ?? make(host);
    making.set(host, leaf);
    return leaf;
  };

  const renewBehind = (host: string): void => {
    if (making.has(host) || nowMs() < (retryNotBeforeMs.get(host) ?? 0)) return;
    retryNotBeforeMs.set(host, nowMs() + retryMs);
    renew(host).catch(options.onProblem);
  };

  return {
    async leafFor(host) {
      const leaf = made.get(host);
      if (leaf === undefined || nowMs() >= leaf.notAfterMs) return renew(host);
      if (nowMs() >= leaf.renewMs) renewBehind(host);
      return leaf;
    },
    leaves: () => [...made.values()],
  };
}

async function makeLeaf(host: string, options: LeafShelfOptions): Promise<Leaf> {
  const { times } = options;
  const authorities = await options.authorities();
  const nowMs = options.nowMs();
  const issuer = chooseSigner(validAuthorities(authorities, nowMs), host, { nowMs, times });
  if (issuer === null) throw new Error(`no authority permits ${host}`);
  const notAfterMs = Math.min(nowMs + times.leafLifeMs, issuer.notAfterMs);
  const validity = {
    notBeforeMs: Math.max(nowMs - times.backdateMs, issuer.notBeforeMs),
    notAfterMs,
  };
  const { certificatePem, keyPem } = await issueLeaf(host, validity, issuer);
  return {
    host,
    context: createSecureContext({ cert: certificatePem, key: keyPem, minVersion: 'TLSv1.2' }),
    certificatePem,
    issuer,
    notAfterMs,
    renewMs: notAfterMs - (notAfterMs - nowMs) / 3,
  };
}
