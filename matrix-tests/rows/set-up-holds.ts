import type { ExpectedFailure } from '../row/row.ts';

/** What a setup is for, in every image with sudo; of real ones, in containers and machines too. */
export const setUpHolds: readonly string[] = [
  'setup-complete',
  'sudoers-parses',
  'sudoers-unchanged',
  'user-exists',
  'user-becomes-root',
  'user-becomes-anybody',
  'user-rule-last',
  'sudo-runs',
  'sudo-other-user',
  'visudo-agrees',
  'machine-boots',
  'machine-sudo',
  'machine-own-init',
  'machine-hostname',
];

export const notYet: ExpectedFailure = {
  check: 'setup-complete',
  because: 'the base is not set up',
};
