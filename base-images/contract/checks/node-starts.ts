import { type Check, failed, notApplicable, passed } from '../check.ts';
import { absolute } from '../looking/modes.ts';
import { outputLines } from '../looking/output-lines.ts';
import type { CheckedBase } from '../checked-base.ts';

const names = ['usr/local/bin/node', 'usr/bin/node'] as const;

export const nodeStarts: Check = {
  id: 'node-starts',
  title: 'node, where the image has it, starts',
  why: 'Official builds of Node 18 and later need glibc 2.28, which 14.04, 16.04 and 18.04 do not have: `version GLIBC_2.28 not found`, at the first use.',
  on: 'container',
  code: 'base_unfit',
  concerns: [],
  async look(base) {
    const path = await findNode(base);
    if (path === null) return notApplicable('there is no node');
    const { exitCode, stdout, stderr } = await base.run({ argv: [absolute(path), '--version'] });
    if (exitCode === 0) return passed(...outputLines(stdout));
    const { kind, version } = base.facts.libc;
    return failed(
      [
        `${absolute(path)} --version ended with ${exitCode}`,
        ...outputLines(stderr),
        `the image has ${kind} ${version ?? ''}`.trim(),
      ],
      'Use a build of Node for this libc (Node 16, an unofficial build, or one for musl), or a base that is newer.',
      { path, line: null },
    );
  },
};

async function findNode({ files }: CheckedBase): Promise<string | null> {
  for (const path of names) if ((await files.follow(path))?.type === 'file') return path;
  return null;
}
