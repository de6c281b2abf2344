import { type Check, failed, passed } from '../check.ts';
import { setUp } from '../concerns.ts';
import { absolute } from '../looking/modes.ts';

export const initctlInPlace: Check = {
  id: 'initctl-in-place',
  title: "initctl is upstart's own",
  why: 'In the image of 14.04 it was moved aside and replaced by one that does nothing: with upstart as init no service can be started or stopped.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [
    setUp,
    { words: 'images with upstart', holds: ({ facts }) => facts.init.kind === 'upstart' },
  ],
  look({ facts: { docker } }) {
    const moved = docker.initctlDivertedTo;
    if (moved === null) return passed('it is in its place');
    return failed(
      `initctl was moved to ${absolute(moved)}`,
      'RUN dpkg-divert --local --rename --remove /sbin/initctl, after removing the one in its place; or set the image up again.',
      { path: 'sbin/initctl', line: null },
    );
  },
};
