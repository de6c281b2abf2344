import { type Check, failed, passed } from '../check.ts';
import { withApt, withNewGlibc } from '../concerns.ts';
import { outputLines } from '../looking/output-lines.ts';

/** Of apt's hooks, which it runs with system(3), and so with clone3: no list is fetched. */
const argv = [
  'apt-get',
  '-o', 'Dir::Etc::sourcelist=/dev/null',
  '-o', 'Dir::Etc::sourceparts=/dev/null',
  '-o', 'APT::Update::Pre-Invoke::=true',
  'update',
] as const; // prettier-ignore

export const threadsStart: Check = {
  id: 'threads-start',
  title: 'in a container, programs with a new glibc start others',
  why: 'glibc 2.34 asks for clone3. A container whose seccomp profile is older answers EPERM in place of ENOSYS: apt says `Problem executing scripts`, and curl that its thread failed to start.',
  on: 'container',
  code: 'base_machine_unfit',
  concerns: [withApt, withNewGlibc],
  async look({ run }) {
    const { exitCode, stdout, stderr } = await run({ argv });
    const said = [...outputLines(stderr), ...outputLines(stdout)];
    if (!said.some((line) => line.includes('Problem executing scripts')))
      return passed(
        exitCode === 0 ? 'apt ran its hook' : `apt ran its hook, and ended with ${exitCode}`,
      );
    return failed(
      said,
      'Install a newer package golang-github-containers-common: its seccomp profile lets clone3 fall back to clone.',
    );
  },
};
