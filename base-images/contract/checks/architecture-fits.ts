import type { Check } from '../check.ts';
import { failed, passed } from '../check.ts';
import { absolute } from '../looking/modes.ts';

export const architectureFits: Check = {
  id: 'architecture-fits',
  title: 'the image is for the architecture of the machines that shall run it',
  why: 'An image of another architecture is imported, tagged and set up like any other; its programs then end with `exec format error`.',
  on: 'tree',
  code: 'platform_unavailable',
  concerns: [
    {
      words: 'images whose architecture is known',
      holds: ({ facts }) => facts.architecture !== null,
    },
  ],
  look({ facts: { architecture }, hostArchitecture }) {
    const name = architecture?.name ?? '';
    if (name === hostArchitecture) return passed(name);
    return failed(
      [
        `the image is for ${name}, and this machine is ${hostArchitecture}`,
        `seen in ${absolute(architecture?.source ?? '')}`,
      ],
      `Import the image with --platform linux/${hostArchitecture}, or build it there.`,
    );
  },
};
