import { type Check, failed, passed } from '../check.ts';
import { setUp } from '../concerns.ts';
import { absolute } from '../looking/modes.ts';

const names = ['sbin/init', 'etc/init', 'bin/init'] as const;

export const initStarts: Check = {
  id: 'init-starts',
  title: 'there is an init where the kernel looks for one',
  why: 'Only 14.04 and 16.04 bring one. The kernel tries /sbin/init, /etc/init and /bin/init, which are other places in merged and unmerged images; without any the machine panics.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [setUp],
  async look({ files, facts: { init } }) {
    for (const path of names) {
      const link = await files.at(path);
      if (link?.type !== 'symlink' || (await files.follow(path)) !== null) continue;
      return failed(
        `${absolute(path)} leads to ${absolute(link.target ?? '')}, which is not there`,
        'Install the init that it leads to, or remove the link and set the image up again.',
        { path, line: null },
      );
    }
    if (init.path !== null) {
      const real = init.realPath === null ? '' : `, which is ${absolute(init.realPath)}`;
      return passed(`${absolute(init.path)}${real} (${init.kind})`);
    }
    return failed(
      `none of ${names.map(absolute).join(', ')} is a program`,
      'Set the image up with `ashlar base setup`, or install an init: systemd-sysv.',
      { path: 'sbin/init', line: null },
    );
  },
};
