import { type Check, failed, passed } from '../check.ts';
import { withDistribution } from '../concerns.ts';
import { absolute } from '../looking/modes.ts';

export const shellThere: Check = {
  id: 'shell-there',
  title: 'there is a shell at /bin/sh',
  why: 'RUN steps, scripts of packages and most inits need it. Without it none of them can be run, and the message names another program.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withDistribution],
  look({ facts: { tools } }) {
    if (tools.shell !== null) return passed(absolute(tools.shell));
    return failed(
      '/bin/sh leads to no program',
      'Install a shell (dash or busybox), or give /bin/sh a target that is there.',
      { path: 'bin/sh', line: null },
    );
  },
};
