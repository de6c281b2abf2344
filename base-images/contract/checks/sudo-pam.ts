import { type Check, failed, passed } from '../check.ts';
import { withSudoRs } from '../concerns.ts';

const services = ['etc/pam.d/sudo', 'etc/pam.d/sudo-i'] as const;

export const sudoPam: Check = {
  id: 'sudo-pam',
  title: 'PAM has the services that sudo-rs asks for',
  why: 'sudo-rs opens the PAM services sudo and sudo-i; without their files the service `other` answers, which refuses.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withSudoRs],
  async look({ files }) {
    for (const path of services) {
      if ((await files.follow(path))?.type === 'file') continue;
      return failed(
        `/${path} is not there`,
        'Install the package that brings it: sudo-rs, or sudo-common.',
        {
          path,
          line: null,
        },
      );
    }
    return passed(...services.map((path) => `/${path} is there`));
  },
};
