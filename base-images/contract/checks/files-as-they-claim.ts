import { type Check, failed, passed } from '../check.ts';
import { absolute } from '../looking/modes.ts';

export const filesAsTheyClaim: Check = {
  id: 'files-as-they-claim',
  title: 'the files that say what the image is are what they claim to be',
  why: 'What is set up, and how, is decided by os-release, the package database, passwd and sudoers. One that is binary, endless, contradicts another or leads nowhere makes that a guess.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [],
  look({ facts }) {
    const { os, family } = facts;
    // An image of one program has no /etc, and needs none.
    const problems = facts.problems.filter(
      ({ kind }) => kind !== 'missing' || family !== 'scratch',
    );
    const [first] = problems;
    if (first === undefined) return passed(os.prettyName ?? os.id ?? 'nothing says what it is');
    return failed(
      problems.slice(0, 20).map(({ path, says }) => `${absolute(path)}: ${says}`),
      `Take ${absolute(first.path)} as its package has it, or leave it out.`,
      { path: first.path, line: null },
    );
  },
};
