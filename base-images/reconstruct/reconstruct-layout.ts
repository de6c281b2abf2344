import type { Release } from '../releases/release.ts';
import type { Machine } from './machine.ts';
import type { ReconstructedFile, ReconstructedTree } from './reconstructed-tree.ts';

/** The directories of every image, what it says it is, its shell and first programs, and its init where it has one. */
export function reconstructLayout(release: Release, machine: Machine): ReconstructedTree {
  return {
    ...directories(),
    ...programsOf(release, machine),
    ...initOf(release, machine),
    ...osReleaseOf(release),
  };
}

const directory: ReconstructedFile = { directory: true };

function directories(): ReconstructedTree {
  const ofRoot = ['boot', 'dev', 'home', 'media', 'mnt', 'opt', 'proc', 'run', 'srv', 'sys'];
  const ofUsr = ['bin', 'lib', 'local/bin', 'local/sbin', 'sbin'].map((name) => `usr/${name}`);
  return {
    ...Object.fromEntries([...ofRoot, ...ofUsr].map((path) => [path, directory])),
    root: { directory: true, mode: 0o700 },
    tmp: { directory: true, mode: 0o1777 },
    'var/tmp': { directory: true, mode: 0o1777 },
    // Docker mounts its own over them; what is below is empty.
    'etc/hostname': '',
    'etc/hosts': '',
  };
}

function programsOf({ image }: Release, { loader, program }: Machine): ReconstructedTree {
  const isMerged = image.usrMerged.value;
  const root = isMerged ? 'usr/' : '';
  const isRust = image.coreutils.value.kind === 'uutils';
  const date = `${root}bin/date`;
  return {
    ...(isMerged
      ? {
          bin: { target: 'usr/bin' },
          sbin: { target: 'usr/sbin' },
          lib: { target: 'usr/lib' },
          ...(loader.startsWith('lib64/') ? { lib64: { target: 'usr/lib64' } } : {}),
        }
      : {}),
    [`${root}${loader}`]: program,
    [`${root}bin/dash`]: program,
    [`${root}bin/sh`]: { target: 'dash' },
    [`${root}bin/bash`]: program,
    ...(isRust
      ? {
          'usr/lib/cargo/bin/coreutils/date': program,
          [date]: { target: '../lib/cargo/bin/coreutils/date' },
        }
      : { [date]: program }),
    [`${root}sbin/fsck`]: program,
    'usr/bin/env': program,
    'usr/sbin/useradd': program,
  };
}

function initOf({ image }: Release, { program }: Machine): ReconstructedTree {
  const { kind } = image.init.value;
  if (kind === 'none') return {};
  const root = image.usrMerged.value ? 'usr/' : '';
  if (kind === 'upstart') return { [`${root}sbin/init`]: program };
  return {
    [`${root}lib/systemd/systemd`]: program,
    [`${root}sbin/init`]: { target: '/lib/systemd/systemd' },
  };
}

function osReleaseOf({ os, image }: Release): ReconstructedTree {
  const text = [
    `PRETTY_NAME="${os.prettyName.value}"`,
    `NAME="${os.name}"`,
    ...(os.versionInOsRelease.value ? [`VERSION_ID="${os.versionId}"`] : []),
    `VERSION_CODENAME=${os.codename}`,
    `ID=${os.id}`,
    ...(os.idLike.length > 0 ? [`ID_LIKE="${os.idLike.join(' ')}"`] : []),
    '',
  ].join('\n');
  const files: ReconstructedTree = image.usrMerged.value
    ? { 'usr/lib/os-release': text, 'etc/os-release': { target: '../usr/lib/os-release' } }
    : { 'etc/os-release': text };
  return { ...files, 'etc/debian_version': `${os.debianVersion.value}\n` };
}
