import { type Check, failed, passed } from '../check.ts';
import { withCaBundle, withCaUpdater } from '../concerns.ts';
import { fingerprintsOf, readCertificates } from '../looking/certificates.ts';
import { filesBelow } from '../looking/files-below.ts';
import { absolute } from '../looking/modes.ts';

const directories = ['usr/share/ca-certificates', 'usr/local/share/ca-certificates'] as const;

export const caOutlivesUpdate: Check = {
  id: 'ca-outlives-update',
  title: 'every certificate in the bundle comes from a file that the next update finds',
  why: 'What is appended to the bundle by hand is gone when any package runs update-ca-certificates; and one whose file was removed stays trusted until then, though it said `0 removed`.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withCaUpdater, withCaBundle],
  async look({ files, facts }) {
    const bundle = facts.ca.bundlePath ?? '';
    const sources = new Set<string>();
    for (const directory of directories) {
      // Of files with other names it takes no notice.
      const paths = (await filesBelow(files, directory)).filter((path) => path.endsWith('.crt'));
      for (const path of paths)
        for (const one of fingerprintsOf(await readCertificates(files, path))) sources.add(one);
    }
    const trusted = fingerprintsOf(await readCertificates(files, bundle));
    const lost = [...trusted].filter((one) => !sources.has(one));
    if (lost.length === 0) return passed(`${trusted.size} certificates have a file each`);
    return failed(
      [
        `${lost.length} of ${trusted.size} certificates in ${absolute(bundle)} are in no file that the next update reads`,
        ...lost.slice(0, 5).map((one) => `SHA-256 ${one}`),
      ],
      'Copy each into /usr/local/share/ca-certificates as a .crt file of its own, then run update-ca-certificates.',
      { path: bundle, line: null },
    );
  },
};
