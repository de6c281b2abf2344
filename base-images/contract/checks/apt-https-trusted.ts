import { type Check, failed, passed } from '../check.ts';
import { withApt } from '../concerns.ts';
import { absolute } from '../looking/modes.ts';
import { isOlderThan } from '../../detect/debian-version.ts';

export const aptHttpsTrusted: Check = {
  id: 'apt-https-trusted',
  title: 'apt can use the sources that it is to fetch by https',
  why: 'No image but that of 14.04 has certificates, and apt before 1.5 needs a package for https: a mirror by https then fails at the first update, which cannot install what is missing.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [
    withApt,
    {
      words: 'images with a source by https',
      holds: ({ facts }) =>
        facts.apt.sources.some(
          ({ enabled, uris }) => enabled && uris.some((uri) => uri.startsWith('https:')),
        ),
    },
  ],
  look({ facts: { apt, ca, packages } }) {
    const source = apt.sources.find(({ uris }) => uris.some((uri) => uri.startsWith('https:')));
    const at = { path: source?.file ?? 'etc/apt/sources.list', line: null };
    if (ca.certificates === 0)
      return failed(
        `${absolute(at.path)} names https, and the image trusts no certificate`,
        'Name the source by http, or put the certificate in first: `ashlar base setup --ca FILE`.',
        at,
      );
    const isOld = apt.version !== null && isOlderThan(apt.version, '1.5');
    if (isOld && packages.get('apt-transport-https') === null)
      return failed(
        `apt ${apt.version ?? ''} needs the package apt-transport-https, which is not there`,
        'Name the source by http, and install apt-transport-https from it.',
        at,
      );
    return passed(`${ca.certificates} certificates are trusted`);
  },
};
