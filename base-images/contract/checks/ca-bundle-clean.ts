import { type Check, failed, passed } from '../check.ts';
import { withCaBundle } from '../concerns.ts';
import { readCertificates } from '../looking/certificates.ts';
import { absolute } from '../looking/modes.ts';

export const caBundleClean: Check = {
  id: 'ca-bundle-clean',
  title: 'the bundle of certificates holds certificates that can be read, and nothing else',
  why: 'One damaged block makes programs that read the bundle as a whole trust nothing, and say only that a certificate is not trusted.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withCaBundle],
  async look({ files, facts }) {
    const path = facts.ca.bundlePath ?? '';
    const { certificates, fault } = await readCertificates(files, path);
    if (fault === null) return passed(`${absolute(path)} has ${certificates.length} certificates`);
    return failed(
      `${absolute(path)}: ${fault}`,
      'Remove the file that was copied to /usr/local/share/ca-certificates and is no PEM certificate, then run update-ca-certificates --fresh.',
      { path, line: null },
    );
  },
};
