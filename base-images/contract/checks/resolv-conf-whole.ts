import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';

export const resolvConfWhole: Check = {
  id: 'resolv-conf-whole',
  title: '/etc/resolv.conf is a file, or a link to one that will be there',
  why: "The image of 14.04 has resolvconf's link into /run, where nothing is before a boot: name servers written through it go nowhere.",
  on: 'tree',
  code: 'base_unfit',
  concerns: [],
  look({ facts: { resolvConf, init } }) {
    const { type, target, realPath } = resolvConf;
    if (type === 'missing') return passed('there is none; containers and machines make it');
    if (type === 'file' || realPath !== null) return passed(`it is there (${type})`);
    const shown = toDisplay(target ?? '');
    // systemd-resolved makes its file when it starts.
    if (init.kind === 'systemd' && /systemd\/resolve\//.test(shown))
      return passed(`a link to ${shown}, which systemd-resolved makes`);
    return failed(
      type === 'symlink' ? `a link to ${shown}, which leads to nothing` : `no file: ${type}`,
      'RUN cannot mend it, as the file is mounted there: set the image up (`ashlar base setup`), which replaces the link.',
      { path: 'etc/resolv.conf', line: null },
    );
  },
};
