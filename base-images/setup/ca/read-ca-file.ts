import { X509Certificate } from 'node:crypto';
import { AshlarError } from '../../../src/index.ts';
import { fingerprintOf, hasPrivateKey, pemBlocks } from '../../certificates/pem.ts';
import { subjectHash } from './subject-hash.ts';

/** A certificate that an image shall trust. */
export interface CaCertificate {
  /** In PEM form (RFC 7468), lines of 64 characters, ending in a line end. */
  readonly pem: string;
  readonly subject: string;
  /** See `fingerprintOf`. */
  readonly fingerprint: string;
  /** See `subjectHash`. */
  readonly subjectHash: string;
  /** Whether it says of itself that it is an authority. */
  readonly isAuthority: boolean;
  /** From when on it holds, where that is still to come: as in ISO 8601. */
  readonly holdsFrom: string | null;
}

export interface CaFileContext {
  /** Of the file, for people. */
  readonly name: string;
  readonly nowMs: number;
}

/** A certificate takes one or two KiB; the largest known take ten. */
export const maxCaFileBytes = 64 * 1024;

/**
 * The certificate in a file. It is taken only where an image's own tools would do right by it: they copy whatever is in a
 * file into the bundle of all authorities, and say that all went well. Throws `ca_file_invalid` for anything but exactly one
 * certificate in PEM form that has not expired; a private key is refused with whatever is beside it.
 */
export function readCaFile(bytes: Buffer, { name, nowMs }: CaFileContext): CaCertificate {
  const invalid = (what: string, hint?: string): AshlarError =>
    new AshlarError('ca_file_invalid', `the certificate file ${name} ${what}`, {
      data: { file: name },
      ...(hint === undefined ? {} : { hint }),
    });
  if (bytes.length > maxCaFileBytes)
    throw invalid(`has ${bytes.length} bytes; a certificate takes ${maxCaFileBytes} at most`);
  const text = bytes.toString('latin1');
  if (hasPrivateKey(text))
    throw invalid(
      'has a private key in it, which no image may get; nothing of it was copied',
      'Take the certificate alone: openssl x509 -in FILE -out CERTIFICATE.crt. Where others saw this file, the key is to be replaced.',
    );
  const blocks = [...pemBlocks(text)];
  const [block] = blocks;
  if (block === undefined) {
    if (parsed(bytes) !== null)
      throw invalid(
        'is a certificate in DER form',
        'Turn it into PEM: openssl x509 -inform der -in FILE -out CERTIFICATE.crt',
      );
    throw invalid(bytes.length === 0 ? 'is empty' : 'holds no certificate in PEM form');
  }
  if (blocks.length > 1)
    throw invalid(
      `holds ${blocks.length} certificates; OpenSSL finds none of them by their names then`,
      'Give each certificate in a file of its own.',
    );
  const certificate = parsed(block.der);
  if (certificate === null) throw invalid('holds a PEM block that is no certificate');
  if (certificate.validToDate.getTime() < nowMs)
    throw invalid(
      `holds a certificate that has expired on ${certificate.validToDate.toISOString()}`,
      'Get the certificate that has taken its place.',
    );
  try {
    return certificateFacts(certificate, nowMs);
  } catch (error) {
    // OpenSSL takes BER as well; GnuTLS and Go do not.
    if (error instanceof RangeError) throw invalid('holds a certificate that is not DER inside');
    throw error;
  }
}

function certificateFacts(certificate: X509Certificate, nowMs: number): CaCertificate {
  const { raw, subject, ca, validFromDate } = certificate;
  return {
    pem: pemOf(raw),
    // Node gives none at all for an empty one, of certificates that name their hosts alone.
    subject: ((subject as string | undefined) ?? '').replaceAll('\n', ', ') || '(no subject)',
    fingerprint: fingerprintOf(raw),
    subjectHash: subjectHash(raw),
    isAuthority: ca,
    holdsFrom: validFromDate.getTime() > nowMs ? validFromDate.toISOString() : null,
  };
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** Null for what is no certificate in DER form. */
function parsed(der: Buffer): X509Certificate | null {
  if (der[0] !== 0x30) return null;
  try {
    return new X509Certificate(der);
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}
