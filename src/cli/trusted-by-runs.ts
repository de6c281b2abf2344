import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RunSettings } from '../../builder/index.ts';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

const guestPath = '/run/ashlar/ca.pem';

/** Variables by which programs find certificates: OpenSSL, Node.js, Python, curl, git, Cargo. */
const variables = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'CARGO_HTTP_CAINFO',
];

/** What makes RUN steps trust the certificates in a PEM file, by a mount and variables that leave no trace. */
export async function trustedByRuns(
  file: string | undefined,
): Promise<Pick<RunSettings, 'mounts' | 'env'>> {
  if (file === undefined || file === '') return { mounts: [], env: {} };
  const hostPath = resolve(file);
  const text = await readFile(hostPath, 'latin1').catch((error: unknown) => {
    throw invalid(hostPath, `cannot be read (${systemErrorCode(error) ?? 'unknown'})`, error);
  });
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw invalid(hostPath, 'holds no certificate in PEM form', undefined);
  if (text.includes('PRIVATE KEY-----'))
    throw invalid(hostPath, 'holds a private key, which steps must not see', undefined);
  return {
    mounts: [{ hostPath, guestPath }],
    env: Object.fromEntries(variables.map((name) => [name, guestPath])),
  };
}

function invalid(path: string, what: string, cause: unknown): AshlarError {
  return new AshlarError('config_invalid', `the certificate file ${path} ${what}`, {
    data: { path },
    hint: 'Name a file of PEM certificates with --ca-file or ASHLAR_BUILD_CA.',
    cause,
  });
}
