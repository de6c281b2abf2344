import { hasPrivateKey } from '../../certificates/pem.ts';
import { type Check, failed, passed } from '../check.ts';
import { readText } from '../looking/read-text.ts';
import { filesBelow } from '../looking/files-below.ts';
import { absolute } from '../looking/modes.ts';

const directories = [
  'usr/local/share/ca-certificates',
  'etc/pki/ca-trust/source/anchors',
  'usr/share/ca-certificates',
  'etc/ssl/certs',
] as const;

export const caNoPrivateKey: Check = {
  id: 'ca-no-private-key',
  title: 'no private key lies with the certificates that are trusted',
  why: 'A file with certificate and key in one, copied where everybody reads it and every machine gets it, gives the authority away.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [],
  async look({ files }) {
    let seen = 0;
    for (const directory of directories) {
      for (const path of await filesBelow(files, directory)) {
        seen += 1;
        if (!hasPrivateKey((await readText(files, path)) ?? '')) continue;
        return failed(
          `${absolute(path)} holds a private key`,
          'Take the file out of every layer, copy the certificate alone, and make a new key: this one is known.',
          { path, line: null },
        );
      }
    }
    return passed(`${seen} files have none`);
  },
};
