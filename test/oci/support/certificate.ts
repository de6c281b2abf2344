import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Has openssl make a certificate for 127.0.0.1, signed by itself, as PEM files in a directory. */
export function makeCertificate(directory: string, name: string): CertificateFiles {
  const files = {
    certificate: join(directory, `${name}.crt`),
    key: join(directory, `${name}.key`),
  };
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject];
  const out = ['-keyout', files.key, '-out', files.certificate];
  execFileSync('openssl', [...request, ...out], { stdio: 'pipe' });
  return files;
}
