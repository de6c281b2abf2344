import type { SetupPlan } from '../../../../base-images/setup/setup-plan.ts';

const user = { name: 'user', uid: 1000, gid: 1000, home: '/home/user' };

export const nothingToDo: SetupPlan = { asked: {}, changes: [], notes: [], refusals: [], user };

export const somethingToDo: SetupPlan = {
  ...nothingToDo,
  changes: [
    {
      kind: 'remove',
      change: 'removed',
      path: 'usr/sbin/policy-rc.d',
      step: 'docker-leftovers',
      why: 'it forbids services to start',
    },
  ],
};

export const refused: SetupPlan = {
  ...nothingToDo,
  refusals: [
    {
      step: 'ca',
      code: 'base_file_unusable',
      message: '/etc/ssl of the image is a file',
      hint: 'Remove it in an earlier step.',
      path: 'etc/ssl',
    },
  ],
};
