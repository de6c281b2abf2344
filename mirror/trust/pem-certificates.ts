import { X509Certificate } from 'node:crypto';

const blockPattern =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END [A-Z0-9 ]*CERTIFICATE-----/g;

/**
 * The certificates in a text, each once and in PEM with a final newline, in their order. Nothing else that the text may
 * hold is given, such as keys; blocks that are no certificate are left out.
 */
export function certificatesIn(text: string): readonly string[] {
  const found = new Set<string>();
  for (const [block] of text.matchAll(blockPattern)) {
    const certificate = parse(block);
    if (certificate !== null) found.add(certificate.toString());
  }
  return [...found];
}

/** The first digits of the certificate's SHA-256, for names of files. */
export function shortFingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase();
}

export function holdsAll(text: string, certificates: readonly string[]): boolean {
  const held = new Set(certificatesIn(text));
  return certificates.every((certificate) => held.has(certificate));
}

/** The parser has errors of many kinds for what is no certificate. */
function parse(block: string): X509Certificate | null {
  try {
    return new X509Certificate(block);
  } catch {
    return null;
  }
}
