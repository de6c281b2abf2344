import { systemErrorCode } from '../errors/ashlar-error.ts';
import { readExistingAuthorities } from './authority-files.ts';
import { type AuthorityTimes, chooseSigner, validAuthorities } from './choose-signer.ts';
import type { StoredAuthority } from './stored-authority.ts';

/** What there is to say of an authority; nothing of it is secret. */
export interface AuthorityFacts {
  readonly subject: string;
  /** Hexadecimal, pairs parted by colons. */
  readonly fingerprintSha256: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** What it may sign for. */
  readonly hosts: readonly string[];
  /** What it signs for now. */
  readonly signs: readonly string[];
  readonly certificatePem: string;
}

export function authorityFacts(
  valid: readonly StoredAuthority[],
  hosts: readonly string[],
  at: { readonly nowMs: number; readonly times: AuthorityTimes },
): readonly AuthorityFacts[] {
  return valid.map((authority) => ({
    subject: authority.certificate.subject.replaceAll('\n', ', '),
    fingerprintSha256: authority.certificate.fingerprint256,
    notBeforeMs: authority.notBeforeMs,
    notAfterMs: authority.notAfterMs,
    hosts: authority.hosts,
    signs: hosts.filter((host) => chooseSigner(valid, host, at) === authority),
    certificatePem: authority.certificatePem,
  }));
}

/**
 * The authorities that a directory publishes now, the newest last, without making or changing anything; empty where there is
 * none. Throws as `openTlsAuthority` does.
 */
export async function readPublishedAuthorities(
  directory: string,
  nowMs: number,
): Promise<readonly Pick<StoredAuthority, 'hosts' | 'certificatePem'>[]> {
  try {
    const { authorities } = await readExistingAuthorities(directory);
    return validAuthorities(authorities, nowMs);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
