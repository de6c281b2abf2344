import { type Check, failed, passed } from '../check.ts';
import { octal } from '../looking/modes.ts';

export const devNullPlain: Check = {
  id: 'dev-null-plain',
  title: '/dev/null, where the image has one, is a device that everybody may write',
  why: 'A layer that was made without devices has a file in its place: it fills the disk, and apt says that gpgv seems not to be installed.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [],
  async look({ files }) {
    const file = await files.at('dev/null');
    if (file === null) return passed('there is none; containers and machines make it');
    const { type, mode } = file;
    if (type === 'char' && mode === 0o666) return passed('a device, 0666');
    return failed(
      `/dev/null is ${type === 'char' ? `a device with the mode ${octal(mode)}` : `no device: ${type}`}`,
      'RUN rm /dev/null in the Dockerfile, or leave /dev out of the archive: it is made anew at every start.',
      { path: 'dev/null', line: null },
    );
  },
};
