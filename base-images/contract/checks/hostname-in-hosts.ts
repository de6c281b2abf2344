import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { setUp } from '../concerns.ts';
import { namesInHosts } from '../looking/hosts.ts';
import { readText } from '../looking/read-text.ts';

export const hostnameInHosts: Check = {
  id: 'hostname-in-hosts',
  title: '/etc/hosts has localhost and the name in /etc/hostname',
  why: "Images come with an empty /etc/hosts. Debian's sudo then says `unable to resolve host` at every call, after seconds of waiting where there is no network.",
  on: 'tree',
  code: 'base_unfit',
  concerns: [setUp],
  async look({ files, facts }) {
    const names = namesInHosts((await readText(files, 'etc/hosts')) ?? '');
    const wanted = ['localhost', ...(facts.hostname === null ? [] : [facts.hostname])];
    const missing = wanted.filter((name) => !names.has(name)).map(toDisplay);
    if (missing.length === 0) return passed(`it has ${wanted.map(toDisplay).join(' and ')}`);
    return failed(
      `/etc/hosts does not have ${missing.join(' and ')}`,
      'Set the image up again (`ashlar base setup`); in a RUN step /etc/hosts is mounted, so a change there is lost.',
      { path: 'etc/hosts', line: null },
    );
  },
};
