import type { BytePath } from '../../src/index.ts';
import type { ImageFiles } from '../files/image-files.ts';
import { type MemoryFile, memoryFiles } from '../files/memory-files.ts';
import type { Release } from '../releases/release.ts';

export interface ReconstructOptions {
  /** `as-in-image`: as it is published; the others have the package sudo, with what it recommends or without. */
  readonly sudo: 'as-in-image' | 'installed' | 'without-recommends';
}

type Entries = Record<BytePath, MemoryFile | string>;

/**
 * The files of a release as far as the data say what is in them, for what is only to be looked at: programs are headers without code. Where
 * nobody has seen the release's sudoers file, it is made of the line that includes `/etc/sudoers.d`, in its place.
 */
export function reconstructRelease(release: Release, { sudo }: ReconstructOptions): ImageFiles {
  const isInstalled = sudo !== 'as-in-image' || release.sudo.inImage.value;
  return memoryFiles({
    ...placesOf(release),
    ...namesOf(release),
    ...dockerFiles(release),
    ...initFiles(release),
    [release.apt.sources.value.file]: sourcesOf(release),
    'var/lib/dpkg/status': statusOf(release, isInstalled ? sudo : 'none'),
    ...(isInstalled ? { ...sudoersFiles(release), ...sudoFiles(release, sudo) } : {}),
  });
}

/** ELF for 64 bits, little-endian, of amd64. */
const header = Buffer.from(
  '7f454c4602010100000000000000000003003e0001000000'.padEnd(128, '0'),
  'hex',
);
const program: MemoryFile = { content: header, mode: 0o755 };
const setuidProgram: MemoryFile = { content: header, mode: 0o4755 };

function placesOf({ image, users }: Release): Entries {
  const merged: Entries = {
    bin: { target: 'usr/bin' },
    sbin: { target: 'usr/sbin' },
    lib: { target: 'usr/lib' },
    'usr/bin/sh': program,
    'usr/bin/bash': program,
  };
  const unmerged: Entries = { 'bin/sh': program, 'bin/bash': program };
  return {
    ...(image.usrMerged.value ? merged : unmerged),
    tmp: { type: 'directory', mode: 0o1777 },
    'usr/bin/date': program,
    'usr/bin/apt-get': program,
    'usr/sbin/useradd': program,
    ...(users.adduser.value ? { 'usr/sbin/adduser': program } : {}),
  };
}

function namesOf({ os, users }: Release): Entries {
  const osRelease = [
    `PRETTY_NAME="${os.prettyName.value}"`,
    `NAME="${os.name}"`,
    ...(os.versionInOsRelease.value ? [`VERSION_ID="${os.versionId}"`] : []),
    `VERSION_CODENAME=${os.codename}`,
    `ID=${os.id}`,
    ...(os.idLike.length > 0 ? [`ID_LIKE="${os.idLike.join(' ')}"`] : []),
  ];
  const name = users.uid1000.value;
  const home: Entries =
    name === null
      ? {}
      : { [`home/${name}`]: { type: 'directory', mode: 0o750, uid: 1000, gid: 1000 } };
  return {
    'etc/os-release': `${osRelease.join('\n')}\n`,
    'etc/debian_version': `${os.debianVersion.value}\n`,
    'etc/passwd': `root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n${name === null ? '' : `${name}:x:1000:1000::/home/${name}:/bin/bash\n`}`,
    'etc/shadow': { content: 'root:*:19000:0:99999:7:::\n', mode: 0o640 },
    'etc/group': `root:x:0:\nsudo:x:${users.sudoGroupId.value}:\nwww-data:x:33:\n${name === null ? '' : `${name}:x:1000:\n`}`,
    ...home,
  };
}

function dockerFiles({ image }: Release): Entries {
  const files: Entries = {};
  for (const path of image.dockerConfiguration.value) files[path] = '# for containers\n';
  if (image.policyRcD.value)
    files['usr/sbin/policy-rc.d'] = { content: '#!/bin/sh\nexit 101\n', mode: 0o755 };
  if (image.runSystemdContainer.value !== null)
    files['run/systemd/container'] = `${image.runSystemdContainer.value}\n`;
  if (image.initctlDiverted.value) {
    files['var/lib/dpkg/diversions'] = '/sbin/initctl\n/sbin/initctl.distrib\n:\n';
    files['sbin/initctl'] = { target: '/bin/true' };
    files['sbin/initctl.distrib'] = program;
  }
  files['etc/resolv.conf'] =
    image.resolvConf.value === 'link' ? { target: '../run/resolvconf/resolv.conf' } : '';
  return files;
}

function initFiles({ image }: Release): Entries {
  const { kind } = image.init.value;
  if (kind === 'upstart') return { 'sbin/init': program };
  if (kind !== 'systemd') return {};
  return { 'lib/systemd/systemd': program, 'sbin/init': { target: '/lib/systemd/systemd' } };
}

function sudoersFiles({ sudoers }: Release): Entries {
  const { style, line } = sudoers.include.value;
  const text = sudoers.text.value ?? `${'#\n'.repeat(line - 1)}${style}includedir /etc/sudoers.d\n`;
  return {
    'etc/sudoers': { content: text, mode: 0o440 },
    'etc/sudoers.d': { type: 'directory', mode: 0o755 },
    'etc/sudoers.d/README': { content: '# a comment\n', mode: 0o440 },
  };
}

function sudoFiles({ sudo }: Release, which: ReconstructOptions['sudo']): Entries {
  const { sudo: path, visudo } = sudo.programs.value;
  const files: Entries = {
    [path]: setuidProgram,
    [visudo]: program,
    'etc/pam.d/sudo': '',
    'etc/pam.d/sudo-i': '',
    'var/lib/dpkg/info/sudo.list': `/.\n/${path}\n/${visudo}\n`,
  };
  if (sudo.how.value === 'package') return files;
  const isRust = which === 'installed';
  const [to, visudoTo] = isRust
    ? ['usr/lib/cargo/bin/sudo', 'usr/lib/cargo/bin/visudo']
    : [path, visudo];
  if (isRust) {
    files[to] = setuidProgram;
    files[visudoTo] = program;
    files['var/lib/dpkg/info/sudo-rs.list'] = `/.\n/${to}\n/${visudoTo}\n`;
  }
  files['usr/bin/sudo'] = { target: '/etc/alternatives/sudo' };
  files['usr/sbin/visudo'] = { target: '/etc/alternatives/visudo' };
  files['etc/alternatives/sudo'] = { target: `/${to}` };
  files['etc/alternatives/visudo'] = { target: `/${visudoTo}` };
  return files;
}

/** The hosts are nobody's: no data of Ashlar's name an archive. */
function sourcesOf({ os, apt }: Release): string {
  return apt.sources.value.format === 'list'
    ? `deb http://archive.example/${os.id} ${os.codename} main\n`
    : `Types: deb\nURIs: http://archive.example/${os.id}\nSuites: ${os.codename}\nComponents: main\n`;
}

function statusOf({ image, sudo }: Release, which: ReconstructOptions['sudo'] | 'none'): string {
  const versions = new Map(
    image.packages.names.map((name) => [name, image.packages.get(name)?.value ?? '0']),
  );
  if (which !== 'none') versions.set('sudo', sudo.packageVersion.value);
  if (which === 'installed' && sudo.how.value === 'alternatives')
    versions.set('sudo-rs', sudo.sudoRs.value ?? '0');
  return [...versions]
    .map(
      ([name, version]) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
    )
    .join('\n');
}
