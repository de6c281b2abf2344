import { type Check, failed, notApplicable, passed } from '../check.ts';
import { setUp } from '../concerns.ts';
import { isStaticProgram } from '../looking/static-program.ts';
import { absolute } from '../looking/modes.ts';
import { ashlarDirectory } from '../looking/drop-in.ts';

const program = `${ashlarDirectory}/busybox`;

export const agentStatic: Check = {
  id: 'agent-static',
  title: 'what Ashlar brings into the image needs none of its libraries',
  why: 'glibc differs from 2.19 to 2.43 among the releases, and Alpine has musl: a program that asks for a library starts in some of them only. Official builds of Node 18 need glibc 2.28, which 14.04 to 18.04 do not have.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [setUp],
  async look({ files }) {
    const file = await files.follow(program);
    if (file === null)
      return notApplicable('nothing was brought: the image has an init of its own');
    const at = { path: program, line: null };
    const mend = 'Set the image up again: `ashlar base setup IMAGE -t NAME`.';
    if (file.type !== 'file' || (file.mode & 0o111) !== 0o111)
      return failed(`${absolute(program)} is no program that everybody may run`, mend, at);
    const bytes = await files.read(program, { maxBytes: 64 * 1024 * 1024 });
    if (bytes !== null && isStaticProgram(bytes)) return passed(`${absolute(program)} is static`);
    return failed(`${absolute(program)} is no static program`, mend, at);
  },
};
