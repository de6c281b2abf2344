import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RunSettings } from '../../builder/index.ts';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

const guestPath = '/run/ashlar/ca.pem';
/** Far more than all the authorities of a system. */
const maxBytes = 16 * 1024 * 1024;

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
  const text = await readPem(hostPath);
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw invalid(hostPath, 'holds no certificate in PEM form', undefined);
  if (text.includes('PRIVATE KEY-----'))
    throw invalid(hostPath, 'holds a private key, which steps must not see', undefined);
  return {
    mounts: [{ hostPath, guestPath }],
    env: Object.fromEntries(variables.map((name) => [name, guestPath])),
  };
}

/** A pipe is not waited for. */
async function readPem(path: string): Promise<string> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw invalid(path, 'is not a regular file', undefined);
    if (stats.size > maxBytes) throw invalid(path, `has more than ${maxBytes} bytes`, undefined);
    return await readFile(path, 'latin1');
  } catch (error) {
    const code = systemErrorCode(error);
    if (error instanceof AshlarError || code === undefined) throw error;
    throw invalid(path, `cannot be read (${code})`, error);
  }
}

function invalid(path: string, what: string, cause: unknown): AshlarError {
  return new AshlarError('config_invalid', `the certificate file ${path} ${what}`, {
    data: { path },
    hint: 'Name a file of PEM certificates with --ca-file or ASHLAR_BUILD_CA.',
    cause,
  });
}
