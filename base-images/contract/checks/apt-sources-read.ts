import { type Check, failed, passed } from '../check.ts';
import { withApt } from '../concerns.ts';
import { absolute } from '../looking/modes.ts';
import { isOlderThan } from '../../detect/debian-version.ts';

export const aptSourcesRead: Check = {
  id: 'apt-sources-read',
  title: 'apt has sources, in a form that this apt reads',
  why: 'From Ubuntu 24.04 and Debian 12 on they are in .sources files (deb822), which apt before 1.1 passes over; who edits sources.list there finds it empty.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withApt],
  look({ facts: { apt } }) {
    const enabled = apt.sources.filter((source) => source.enabled);
    const [first] = enabled;
    if (first === undefined)
      return failed(
        'apt has no source that is enabled',
        'Give the image a source in /etc/apt/sources.list or /etc/apt/sources.list.d.',
        { path: 'etc/apt/sources.list', line: null },
      );
    const unread = enabled.find(({ format }) => format === 'deb822');
    if (unread !== undefined && apt.version !== null && isOlderThan(apt.version, '1.1'))
      return failed(
        `${absolute(unread.file)} is not read by apt ${apt.version}`,
        'Write the source as a line in /etc/apt/sources.list.',
        { path: unread.file, line: null },
      );
    const files = new Set(enabled.map(({ file, format }) => `${absolute(file)} (${format})`));
    return passed(...files);
  },
};
