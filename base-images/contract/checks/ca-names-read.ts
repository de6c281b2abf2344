import { type Check, failed, passed } from '../check.ts';
import { withCaUpdater } from '../concerns.ts';
import { filesBelow } from '../looking/files-below.ts';
import { absolute, shellPath } from '../looking/modes.ts';

export const caNamesRead: Check = {
  id: 'ca-names-read',
  title: "every certificate file of the image's own has a name that ends in .crt",
  why: 'update-ca-certificates passes over every other name without a word: `0 added`, and exit code 0.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withCaUpdater],
  async look({ files, facts }) {
    const directory = facts.ca.localDirectory ?? 'usr/local/share/ca-certificates';
    const all = await filesBelow(files, directory);
    const other = all.find((path) => /\.(pem|cer|der|p7b|ca-bundle|cert)$/i.test(path));
    if (other === undefined) return passed(`${all.length} files`);
    return failed(
      `${absolute(other)} is passed over`,
      `RUN mv ${shellPath(other)} ${shellPath(other.replace(/\.[^.]*$/, '.crt'))} && update-ca-certificates`,
      { path: other, line: null },
    );
  },
};
