import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { AshlarError } from '../errors/ashlar-error.ts';
import { permittedHosts } from './name-constraints.ts';

/** An authority as its file has it: a certificate and its key. */
export interface StoredAuthority {
  readonly path: string;
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  /** With its final newline. */
  readonly certificatePem: string;
  /** The hosts that it may sign for. */
  readonly hosts: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Reads the text of an authority's file: its certificate and its key in PEM. Throws `authority_corrupt` when one of them
 * is missing or damaged, when they do not belong together, or when the certificate is not such as Ashlar makes.
 */
export function parseAuthority(path: string, text: string): StoredAuthority {
  const certificate = readPart(path, 'certificate', () => new X509Certificate(text));
  const key = readPart(path, 'key', () => createPrivateKey(text));
  if (!certificate.checkPrivateKey(key))
    throw corrupt(path, 'has a key that does not belong to its certificate');
  if (!certificate.ca || !certificate.verify(certificate.publicKey))
    throw corrupt(path, 'has a certificate that is no authority signed by itself');
  return {
    path,
    certificate,
    key,
    certificatePem: certificate.toString(),
    hosts: readPart(path, 'list of permitted hosts', () => readHosts(certificate)),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
  };
}

function readHosts(certificate: X509Certificate): readonly string[] {
  const parsed = forge.pki.certificateFromPem(certificate.toString());
  const extension = parsed.getExtension('nameConstraints') as { value?: unknown } | null;
  const hosts = typeof extension?.value === 'string' ? permittedHosts(extension.value) : null;
  if (hosts === null) throw new Error('there is none');
  return hosts;
}

/** The parsers below throw errors of many kinds, all for the same reason: the bytes are not what they should be. */
function readPart<T>(path: string, part: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw corrupt(path, `has no ${part} that can be read`, error);
  }
}

function corrupt(path: string, what: string, cause?: unknown): AshlarError {
  return new AshlarError('authority_corrupt', `the authority file ${path} ${what}`, {
    data: { path },
    cause,
  });
}
