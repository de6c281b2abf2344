import { isOlderThan, upstreamVersion } from '../../detect/debian-version.ts';
import { type Check, failed, passed } from '../check.ts';
import { withFsck } from '../concerns.ts';

/**
 * Since when e2fsck reads each feature that images of Ashlar have and that is not as old as ext4 itself. Source: release
 * notes of e2fsprogs 1.42.9 (sparse_super2) and 1.43 (metadata_csum).
 */
const since = { sparse_super2: '1.42.9', metadata_csum: '1.43' } as const;

export const diskCheckedByGuest: Check = {
  id: 'disk-checked-by-guest',
  title: "the image's own e2fsck reads the disk that the image is on",
  why: 'Where it does not, an init that checks its disk at boot stops with `unsupported feature(s)`; features of 1.47 (orphan_file, metadata_csum_seed) are not used for that.',
  on: 'tree',
  code: 'base_unfit',
  concerns: [withFsck],
  async look({ files, facts }) {
    const version = upstreamVersion(facts.packages.get('e2fsprogs')?.version ?? '');
    const unread = Object.entries(since).filter(([, first]) => isOlderThan(version, first));
    const [first] = unread;
    if (first === undefined)
      return passed(`e2fsprogs ${version} reads ${Object.keys(since).join(' and ')}`);
    const [feature, needed] = first;
    // Field 6 of fstab(5): 0 or nothing means that it is never checked.
    const fstab = (
      (await files.read('etc/fstab', { maxBytes: 65_536 })) ?? Buffer.alloc(0)
    ).toString('latin1');
    if (!/^[^#\s]\S*\s+\/\s+\S+\s+\S+\s+\d+\s+[1-9]/m.test(fstab))
      return passed(
        `e2fsprogs ${version} does not read ${feature}, and nothing makes it check the root`,
      );
    return failed(
      `e2fsprogs ${version} does not read ${feature} (since ${needed}), and /etc/fstab has the root checked at boot`,
      "Write 0 into the last field of the root's line in /etc/fstab.",
      { path: 'etc/fstab', line: null },
    );
  },
};
