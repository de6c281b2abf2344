import { fingerprintsIn } from '../../certificates/pem.ts';
import { type Check, failed, passed } from '../check.ts';
import { withCaBundle, withCaUpdater } from '../concerns.ts';
import { fingerprintsOf, readCertificates } from '../looking/certificates.ts';
import { absolute } from '../looking/modes.ts';
import { outputLines } from '../looking/output-lines.ts';

export const caUpdate: Check = {
  id: 'ca-update',
  title: 'after update-ca-certificates the same certificates are trusted as before',
  why: 'Its text says nothing: `0 added, 0 removed` stands there while the bundle shrinks, and it ends with 0 on garbage. Any package may run it.',
  on: 'container',
  code: 'base_unfit',
  concerns: [withCaUpdater, withCaBundle],
  async look({ files, facts, run }) {
    const bundle = absolute(facts.ca.bundlePath ?? '');
    const script =
      'update-ca-certificates >&2 && while IFS= read -r line; do printf "%s\\n" "$line"; done <"$0"';
    const { exitCode, stdout, stderr } = await run({ argv: ['/bin/sh', '-c', script, bundle] });
    const said = outputLines(stderr);
    if (exitCode !== 0)
      return failed(
        [`update-ca-certificates ended with ${exitCode}`, ...said],
        'Mend what it says above.',
      );
    const before = fingerprintsOf(await readCertificates(files, facts.ca.bundlePath ?? ''));
    const after = fingerprintsIn(stdout.toString('latin1'));
    const lost = [...before].filter((one) => !after.has(one));
    if (lost.length === 0) return passed(`${after.size} certificates, as before`, ...said);
    return failed(
      [
        `${lost.length} of ${before.size} certificates are gone from ${bundle}`,
        ...lost.slice(0, 5),
        ...said,
      ],
      'Copy each into /usr/local/share/ca-certificates as a .crt file of its own.',
      { path: facts.ca.bundlePath ?? '', line: null },
    );
  },
};
