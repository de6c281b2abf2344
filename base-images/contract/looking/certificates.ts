import { X509Certificate } from 'node:crypto';
import type { BytePath } from '../../../src/index.ts';
import type { ImageFiles } from '../../files/image-files.ts';
import { fingerprintOf, pemBlocks, withoutPemBlocks } from '../../certificates/pem.ts';
import { readText } from './read-text.ts';

export interface CertificatesRead {
  readonly certificates: readonly X509Certificate[];
  /** What is wrong with the file, for people; null where it is as it should be. */
  readonly fault: string | null;
}

/** The certificates of a PEM file (RFC 7468), with the first fault: a block that is none, or bytes that are no text. */
export async function readCertificates(
  files: ImageFiles,
  path: BytePath,
): Promise<CertificatesRead> {
  const text = await readText(files, path);
  return text === null ? { certificates: [], fault: 'it leads to no file' } : certificatesIn(text);
}

/** See `fingerprintOf`. */
export function fingerprintsOf({ certificates }: CertificatesRead): ReadonlySet<string> {
  return new Set(certificates.map(({ raw }) => fingerprintOf(raw)));
}

function certificatesIn(text: string): CertificatesRead {
  const certificates: X509Certificate[] = [];
  let fault: string | null = null;
  for (const { pem } of pemBlocks(text)) {
    const certificate = parse(pem);
    if (certificate === null) fault ??= `its block ${certificates.length + 1} is no certificate`;
    else certificates.push(certificate);
  }
  const rest = withoutPemBlocks(text);
  // oxlint-disable-next-line no-control-regex -- text has none of them
  if (/[\x00-\x08\x0e-\x1f]/.test(rest))
    fault ??= 'it holds binary data, as a certificate in DER has';
  else if (rest.includes('-----BEGIN')) fault ??= 'it holds a block that is no certificate';
  if (certificates.length === 0) fault ??= 'it holds no certificate';
  return { certificates, fault };
}

function parse(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    // Its words differ from version to version; that it is none is all that is asked.
    return null;
  }
}
