import { truncate, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { AshlarError } from '../../src/index.ts';
import { makeMountPoints, type MountPoint, type MountPointPlan } from './mount-points.ts';
import type { StepNamespace } from './step-namespace.ts';

/**
 * The file systems of a step, all mounted in its private mount namespace, below its directory:
 *
 *     parent     the parent image, read-only, by loop
 *     scratch    a fresh ext4 in a sparse file of the size that the step may write, by loop
 *       upper work   the overlay's
 *       hide         the layer of mount points, and the whiteout of ext4's own lost+found
 *       files        what is bound into the container: resolv.conf, hosts, hostname
 *     rootfs     the overlay: upper, hide, parent
 *
 * The scratch file is the quota: the step meets ENOSPC in it, not the host, on whatever file system the
 * work root lies. Making and mounting it takes 5 ms at any size, because the inode tables are neither written nor
 * zeroed; all metadata lies at the front, so that the file has few extents to free (10 ms of unlink instead of 50).
 *
 * Its loop device reads and writes the file directly, where the host's file system can: pages would else be held
 * twice, and cgroup version 2 throttles a step for both (100 MiB written below a limit of 64 MiB: 32 s, directly 1.2 s).
 * The parent's goes through the page cache, where it stays from step to step.
 */
export const scratchDirectories = { upper: 'scratch/upper', files: 'scratch/files' } as const;

/** Args: the parent disk. Stages: scratch, parent, layers. */
export const mountScript = `
at scratch
mke2fs -q -F -t ext4 -O ^has_journal,^resize_inode,sparse_super2 -G 4096 -m 0 -i 8192 \\
  -E lazy_itable_init=1,nodiscard,num_backup_sb=0 scratch.img
mount -n -t ext4 -o loop,noatime,noinit_itable scratch.img scratch
losetup --direct-io=on "$(losetup --noheadings --output NAME --associated scratch.img)" || true
at parent
mount -n -t ext4 -o loop,ro,noload "$1" parent
at layers
mkdir scratch/upper scratch/work scratch/hide scratch/files
if [ -d parent/lost+found ]; then mknod scratch/hide/lost+found c 0 0; fi
mkfifo -m 0600 stdout stderr
# crun refuses a hybrid set-up whose cgroup v2 side has controllers; it needs only the v1 side then.
controllers=
if [ -e /sys/fs/cgroup/unified/cgroup.controllers ]; then
  read -r controllers < /sys/fs/cgroup/unified/cgroup.controllers || true
fi
if [ -n "$controllers" ]; then umount -n /sys/fs/cgroup/unified; fi
`;

/** mke2fs needs room for its own tables. */
const minimumScratchBytes = 4 * 1024 * 1024;

export async function makeScratchFile(directory: string, sizeBytes: number): Promise<void> {
  const path = join(directory, 'scratch.img');
  await writeFile(path, '', { mode: 0o600 });
  await truncate(path, Math.max(minimumScratchBytes, Math.ceil(sizeBytes / 4096) * 4096));
}

export interface OverlayOptions {
  readonly namespace: StepNamespace;
  readonly directory: string;
  readonly mountPoints: readonly MountPoint[];
}

/**
 * Fills the hide layer and mounts the overlay. The upper directory starts as an empty directory with the
 * attributes of the parent's root, which the merged root shows.
 */
export async function mountOverlay(options: OverlayOptions): Promise<MountPointPlan> {
  const { namespace, directory } = options;
  const at = (name: string): string => namespace.outside(join(directory, name));
  const plan = await makeMountPoints(
    { parent: at('parent'), hide: at('scratch/hide') },
    options.mountPoints,
  );
  await writeFile(at('scratch/copied'), plan.attributesToCopy.map((name) => `${name}\0`).join(''));
  const result = await namespace.run(['sh', '-c', overlayScript, 'sh', overlayMountOptions()]);
  if (result.exitCode !== 0) {
    const words = result.stderr.toString('utf8').trim();
    throw new AshlarError('kernel_feature_missing', `cannot mount the step's overlay: ${words}`, {
      data: { path: directory, stderr: words },
    });
  }
  return plan;
}

/**
 * Makes the scratch file system forget what was not written yet, since an unmount would write all of it to a file that
 * is removed next (1.5 s for 1.5 GiB, against 0.15 s). Ioctl EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, of the
 * kernel's fs/ext4/ext4.h; without perl to call it, the files are unlinked, which takes longer where they are many.
 */
export const discardScratch = [
  'sh',
  '-c',
  `
perl -e 'open(my $root, "<", "scratch") or exit 1; my $flags = pack("L", 2);
  exit(ioctl($root, 0x8004587d, $flags) ? 0 : 1);' 2> /dev/null || rm -rf scratch/upper
`,
] as const;

const tarAttributes = "--xattrs --xattrs-include='*' --no-acls --no-selinux --numeric-owner";
const overlayScript = `
set -eu
copy() {
  from=$1 to=$2; shift 2
  tar -C "$from" --format=posix ${tarAttributes} --no-recursion -cf scratch/attributes.tar "$@"
  tar -C "$to" ${tarAttributes} -xpf scratch/attributes.tar
  rm scratch/attributes.tar
}
copy parent scratch/upper .
if [ -s scratch/copied ]; then
  copy parent scratch/hide --null --verbatim-files-from --files-from="$PWD/scratch/copied"
fi
mount -n -t overlay -o "$1" overlay rootfs
`;

/**
 * Options that make the upper directory a faithful difference: renamed directories and changed attributes are
 * copied in full (no redirects, no metacopy), and no file handle of this machine is used. Marks are
 * `trusted.overlay.*` (no userxattr). No xino: its 64-bit inode numbers break 32-bit programs. `volatile` leaves out every sync: what a killed step wrote is thrown away.
 */
function overlayMountOptions(): string {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const volatileFrom = major > 5 || (major === 5 && minor >= 10);
  // prettier-ignore
  const options = [
    'lowerdir=scratch/hide:parent', 'upperdir=scratch/upper', 'workdir=scratch/work',
    'redirect_dir=off', 'metacopy=off', 'index=off', 'xino=off',
  ];
  return [...options, ...(volatileFrom ? ['volatile'] : [])].join(',');
}
