import { type Check, failed, passed } from '../check.ts';
import { withShell } from '../concerns.ts';

export const machineBoots: Check = {
  id: 'machine-boots',
  title: 'the image boots, and a command in the machine comes to its end',
  why: 'All else that a machine does begins here; what keeps it from it is on its console.',
  on: 'boot',
  code: 'base_unfit',
  concerns: [withShell],
  async look(base) {
    const report = await base.booted();
    const kernel = report.get('kernel');
    if (report.exitCode === 0 && kernel !== null) return passed(`booted with Linux ${kernel}`);
    return failed(
      [`the command in the machine ended with ${report.exitCode}`, ...report.said],
      'Run a command with `ashlar boot IMAGE -- COMMAND` to see more.',
    );
  },
};
