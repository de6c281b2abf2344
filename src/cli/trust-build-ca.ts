import { readFile } from 'node:fs/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { certificatesIn } from '../../mirror/index.ts';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

/**
 * Has all connections of this process trust the certificates in the file that ASHLAR_BUILD_CA names too, such as those of a
 * proxy that inspects TLS; nothing where it is not set. Throws `config_invalid` for a file that cannot be read or holds none.
 */
export async function trustBuildCa(env: NodeJS.ProcessEnv): Promise<void> {
  const file = env['ASHLAR_BUILD_CA'];
  if (file === undefined || file === '') return;
  const certificates = certificatesIn(await readText(file));
  if (certificates.length === 0) throw invalid(file, 'holds no certificate in PEM form');
  setDefaultCACertificates([...getCACertificates('default'), ...certificates]);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1');
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw invalid(file, `cannot be read (${code})`, error);
  }
}

function invalid(file: string, what: string, cause?: unknown): AshlarError {
  return new AshlarError('config_invalid', `the certificate file ${file} ${what}`, {
    data: { path: file },
    hint: 'Name a file of PEM certificates with ASHLAR_BUILD_CA.',
    cause,
  });
}
