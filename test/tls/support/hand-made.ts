import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked } from '../../../src/process/run-command.ts';

export interface HandMade {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** A leaf that somebody signs who has the authority's key: openssl with these subject alternative names. */
export async function signByHand(
  directory: string,
  authorityFile: string,
  alternativeNames: string,
): Promise<HandMade> {
  const at = (name: string): string => join(directory, name);
  await writeFile(at('extensions'), `subjectAltName=${alternativeNames}\n`);
  const request = ['req', '-newkey', 'rsa:2048', '-nodes', '-keyout', at('leaf.key')];
  await runChecked('openssl', [...request, '-subj', '/CN=by hand', '-out', at('leaf.csr')]);
  const sign = ['x509', '-req', '-in', at('leaf.csr'), '-out', at('leaf.pem'), '-days', '1'];
  const by = ['-CA', authorityFile, '-CAkey', authorityFile, '-set_serial', '4711'];
  await runChecked('openssl', [...sign, ...by, '-extfile', at('extensions')]);
  return {
    certificatePem: readFileSync(at('leaf.pem'), 'latin1'),
    keyPem: readFileSync(at('leaf.key'), 'latin1'),
  };
}
