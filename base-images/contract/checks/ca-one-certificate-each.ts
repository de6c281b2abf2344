import { type Check, failed, passed } from '../check.ts';
import { withLocalCertificates } from '../concerns.ts';
import { readCertificates } from '../looking/certificates.ts';
import { absolute } from '../looking/modes.ts';

export const caOneCertificateEach: Check = {
  id: 'ca-one-certificate-each',
  title: "every .crt file of the image's own certificates is one certificate in PEM",
  why: 'update-ca-certificates ends with 0 for anything: garbage and DER are appended to the bundle as they are, which some programs then refuse as a whole; of two certificates in one file none gets a hash link.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withLocalCertificates],
  async look({ files, facts }) {
    for (const path of facts.ca.localCertificates) {
      const { certificates, fault } = await readCertificates(files, path);
      const wrong =
        fault ?? (certificates.length === 1 ? null : `${certificates.length} certificates`);
      if (wrong === null) continue;
      return failed(
        `${absolute(path)}: ${wrong}`,
        'Write each certificate into a .crt file of its own, in PEM: openssl x509 -inform DER -in FILE -out FILE.crt',
        { path, line: null },
      );
    }
    return passed(`${facts.ca.localCertificates.length} files are one certificate each`);
  },
};
