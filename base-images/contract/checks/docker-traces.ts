import { toDisplay } from '../../../src/index.ts';
import { type Check, failed, passed } from '../check.ts';
import { setUp } from '../concerns.ts';

export const dockerTraces: Check = {
  id: 'docker-traces',
  title: 'nothing in the image says that it runs in a container',
  why: '/.dockerenv and /run/systemd/container make systemd, installers and browsers take the machine for a container: units with ConditionVirtualization are passed over, sandboxes are turned off.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [setUp],
  look({ facts: { docker } }) {
    const traces = [
      ...(docker.dockerenv ? ['.dockerenv'] : []),
      ...(docker.runSystemdContainer === null ? [] : ['run/systemd/container']),
    ];
    const [first] = traces;
    if (first === undefined) return passed('there is no trace');
    return failed(
      traces.map((path) => `/${toDisplay(path)} is there`),
      `RUN rm -f /${first}, or set the image up again.`,
      { path: first, line: null },
    );
  },
};
