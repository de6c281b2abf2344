import { type Check, failed, passed } from '../check.ts';
import { withCaBundle, withLocalCertificates } from '../concerns.ts';
import { fingerprintsOf, readCertificates } from '../looking/certificates.ts';
import { absolute } from '../looking/modes.ts';

export const caInBundle: Check = {
  id: 'ca-in-bundle',
  title: "every certificate of the image's own is in the bundle",
  why: 'A file that is only copied is trusted by nobody until update-ca-certificates has run; without ca-certificates there is no such program, and nothing says so.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withLocalCertificates, withCaBundle],
  async look({ files, facts: { ca } }) {
    const bundle = ca.bundlePath ?? '';
    const trusted = fingerprintsOf(await readCertificates(files, bundle));
    for (const path of ca.localCertificates) {
      for (const fingerprint of fingerprintsOf(await readCertificates(files, path))) {
        if (trusted.has(fingerprint)) continue;
        return failed(
          `the certificate of ${absolute(path)} is not in ${absolute(bundle)} (SHA-256 ${fingerprint})`,
          'RUN update-ca-certificates after the file was copied, or `ashlar base setup --ca FILE`.',
          { path, line: null },
        );
      }
    }
    return passed(`${ca.localCertificates.length} files are in ${absolute(bundle)}`);
  },
};
