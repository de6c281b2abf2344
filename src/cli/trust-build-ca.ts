import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { readCertificates } from './read-certificates.ts';

/**
 * Has all connections of this process trust the certificates in a file too, such as those of a proxy that inspects TLS: the one that
 * ASHLAR_BUILD_CA names, unless another is given; nothing where there is none. Throws `config_invalid` for a file that cannot be
 * read or holds none.
 */
export async function trustBuildCa(
  env: NodeJS.ProcessEnv,
  file = env['ASHLAR_BUILD_CA'],
): Promise<void> {
  if (file === undefined || file === '') return;
  const certificates = await readCertificates(file, 'ASHLAR_BUILD_CA');
  setDefaultCACertificates([...getCACertificates('default'), ...certificates]);
}
