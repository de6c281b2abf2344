import { type Check, failed, passed } from '../check.ts';
import { withDistribution } from '../concerns.ts';
import { absolute } from '../looking/modes.ts';

const names = ['bin', 'sbin', 'lib'] as const;

export const usrMergedWhole: Check = {
  id: 'usr-merged-whole',
  title: '/bin, /sbin and /lib are all links into /usr, or none of them is',
  why: 'A layer that brings a directory /lib in place of the link covers the loader, and no program starts; a half-merged system is refused by packages of Debian 12 and later.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withDistribution],
  async look({ files }) {
    const merged: string[] = [];
    const plain: string[] = [];
    for (const name of names) {
      const file = await files.at(name);
      if (file?.type === 'symlink') merged.push(name);
      else if (file !== null) plain.push(name);
    }
    const [odd] = plain;
    if (odd === undefined || merged.length === 0)
      return passed(merged.length === 0 ? 'none is a link' : 'all are links');
    return failed(
      `${merged.map(absolute).join(' and ')} are links, and ${plain.map(absolute).join(' and ')} are directories`,
      `Find what puts files into ${absolute(odd)}: COPY to /usr${absolute(odd)} in place of it, and the link stays.`,
      { path: odd, line: null },
    );
  },
};
