import { readFile, stat } from 'node:fs/promises';
import { certificatesIn } from '../../mirror/index.ts';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

/** Far more than all the authorities of a system. */
const maxBytes = 16 * 1024 * 1024;

/**
 * The certificates in a PEM file, and nothing else that may be in it, such as keys. `setting` is the option or variable that names
 * the file. Throws `config_invalid` for a file that cannot be read or holds none.
 */
export async function readCertificates(file: string, setting: string): Promise<readonly string[]> {
  const invalid = (what: string, cause?: unknown): AshlarError =>
    new AshlarError('config_invalid', `the certificate file ${file} ${what}`, {
      data: { path: file },
      hint: `Name a file of PEM certificates with ${setting}.`,
      cause,
    });
  try {
    // A pipe is not waited for.
    const stats = await stat(file);
    if (!stats.isFile()) throw invalid('is not a regular file');
    if (stats.size > maxBytes) throw invalid(`has more than ${maxBytes} bytes`);
    const certificates = certificatesIn(await readFile(file, 'latin1'));
    if (certificates.length === 0) throw invalid('holds no certificate in PEM form');
    return certificates;
  } catch (error) {
    const code = systemErrorCode(error);
    if (error instanceof AshlarError || code === undefined) throw error;
    throw invalid(`cannot be read (${code})`, error);
  }
}
