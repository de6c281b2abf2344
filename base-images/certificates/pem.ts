import { hash } from 'node:crypto';

/** Certificates in text (RFC 7468), with the labels that OpenSSL writes too; what is between two dashes is no part of one. */
const block =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----([^-]*)-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

export interface PemBlock {
  readonly pem: string;
  /** What is in the block, whether that is a certificate or not. */
  readonly der: Buffer;
}

/** The blocks of a text one after the other that claim to be certificates. */
export function* pemBlocks(text: string): Iterable<PemBlock> {
  for (const [pem, base64 = ''] of text.matchAll(block))
    yield { pem, der: Buffer.from(base64, 'base64') };
}

/** The text without these blocks. */
export function withoutPemBlocks(text: string): string {
  return text.replaceAll(block, '');
}

/** Of all kinds and labels: PKCS #1 and #8, encrypted or not, OpenSSH's. */
export function hasPrivateKey(text: string): boolean {
  return /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text);
}

/** SHA-256 of a certificate, in small hexadecimal digits. */
export function fingerprintOf(der: Buffer): string {
  return hash('sha256', der, 'hex');
}

/** Those of all blocks of a text; what is in them is not looked at. */
export function fingerprintsIn(text: string): ReadonlySet<string> {
  return new Set(Array.from(pemBlocks(text), ({ der }) => fingerprintOf(der)));
}
