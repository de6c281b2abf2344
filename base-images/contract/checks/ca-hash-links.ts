import { type Check, failed, notApplicable, passed } from '../check.ts';
import { withCaUpdater, withLocalCertificates } from '../concerns.ts';
import { fingerprintsOf, readCertificates } from '../looking/certificates.ts';
import { absolute } from '../looking/modes.ts';

const directory = 'etc/ssl/certs';

export const caHashLinks: Check = {
  id: 'ca-hash-links',
  title: "OpenSSL finds every certificate of the image's own by its hash",
  why: 'Programs that look into the directory in place of the bundle follow links named by a hash, which `openssl rehash` makes: without openssl, or with two certificates in a file, there is none.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withCaUpdater, withLocalCertificates],
  async look({ files, facts }) {
    const links = (await files.names(directory)).filter((name) => /^[0-9a-f]{8}\.\d+$/.test(name));
    if (links.length === 0)
      return notApplicable('this image has no hash links: its programs read the bundle');
    const found = new Set<string>();
    for (const name of links) {
      const target = await files.follow(`${directory}/${name}`);
      if (target === null) continue;
      for (const one of fingerprintsOf(await readCertificates(files, target.path))) found.add(one);
    }
    for (const path of facts.ca.localCertificates) {
      for (const fingerprint of fingerprintsOf(await readCertificates(files, path))) {
        if (found.has(fingerprint)) continue;
        return failed(
          `no link in /${directory} leads to the certificate of ${absolute(path)}`,
          'One certificate a file; then RUN update-ca-certificates --fresh in an image that has openssl.',
          { path, line: null },
        );
      }
    }
    return passed(`${links.length} links`);
  },
};
