import { type Check, failed, passed } from '../check.ts';
import { setUp } from '../concerns.ts';

export const servicesMayStart: Check = {
  id: 'services-may-start',
  title: 'nothing forbids services to start when their package is installed',
  why: 'Images for containers have a /usr/sbin/policy-rc.d that ends with 101: in a machine, a database that is installed then never runs, and nothing says why.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [setUp],
  look({ facts: { docker } }) {
    if (docker.policyRcD !== 'denies')
      return passed(
        docker.policyRcD === 'none' ? 'there is no policy' : "the policy is the image's own",
      );
    return failed(
      '/usr/sbin/policy-rc.d forbids every service to start',
      'RUN rm /usr/sbin/policy-rc.d as the last step, or set the image up again.',
      { path: 'usr/sbin/policy-rc.d', line: null },
    );
  },
};
