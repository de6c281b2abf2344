import type { Release } from '../../../base-images/releases/release.ts';
import type { Sketch, Sketches } from './sketched-files.ts';

export interface ReconstructOptions {
  /** Whether sudo is there: as in the image, or installed with or without what it recommends. */
  readonly sudo: 'as-in-image' | 'installed' | 'without-recommends';
}

/** The header of an ELF program for amd64. */
export const amd64Program = Buffer.from(
  '7f454c4602010100000000000000000003003e0001000000'.padEnd(128, '0'),
  'hex',
);

const program: Sketch = { content: amd64Program, mode: 0o755 };

/** A small tree made of what is known of a release, and of nothing else. */
export function reconstructRelease(release: Release, { sudo }: ReconstructOptions): Sketches {
  const { image, users, apt } = release;
  const isInstalled = sudo !== 'as-in-image' || release.sudo.inImage.value;
  const files: Record<string, Sketch> = {
    'etc/os-release': osRelease(release),
    'etc/debian_version': `${release.os.debianVersion.value}\n`,
    'etc/passwd': passwdOf(users.uid1000.value),
    'etc/group': `root:x:0:\nsudo:x:${users.sudoGroupId.value}:\n`,
    'usr/bin/date': program,
    'usr/bin/apt-get': program,
    'usr/sbin/useradd': program,
    [apt.sources.value.file]: sourcesOf(release),
    'var/lib/dpkg/status': statusOf(release, isInstalled),
    ...mergedOrNot(image.usrMerged.value),
  };
  if (users.adduser.value) files['usr/sbin/adduser'] = program;
  if (image.policyRcD.value)
    files['usr/sbin/policy-rc.d'] = { content: '#!/bin/sh\nexit 101\n', mode: 0o755 };
  if (image.runSystemdContainer.value !== null)
    files['run/systemd/container'] = `${image.runSystemdContainer.value}\n`;
  for (const path of image.dockerConfiguration.value) files[path] = '# for containers\n';
  if (image.resolvConf.value === 'link')
    files['etc/resolv.conf'] = { target: '../run/resolvconf/resolv.conf' };
  else files['etc/resolv.conf'] = '';
  if (image.initctlDiverted.value)
    files['var/lib/dpkg/diversions'] = '/sbin/initctl\n/sbin/initctl.distrib\n:\n';
  if (image.init.value.kind === 'systemd') {
    files['lib/systemd/systemd'] = program;
    files['sbin/init'] = { target: '/lib/systemd/systemd' };
  }
  if (image.init.value.kind === 'upstart') files['sbin/init'] = program;
  return isInstalled ? { ...files, ...sudoFiles(release, sudo) } : files;
}

function mergedOrNot(isMerged: boolean): Sketches {
  if (!isMerged) return { 'bin/sh': program, 'bin/bash': program, 'sbin/fsck': program };
  return {
    bin: { target: 'usr/bin' },
    sbin: { target: 'usr/sbin' },
    lib: { target: 'usr/lib' },
    'usr/bin/sh': program,
    'usr/bin/bash': program,
    'usr/sbin/fsck': program,
    'usr/lib/os-release': 'ID=unused\n',
  };
}

function sudoFiles({ sudo, sudoers }: Release, which: ReconstructOptions['sudo']): Sketches {
  const setuid: Sketch = { content: amd64Program, mode: 0o4755 };
  const { sudo: path, visudo } = sudo.programs.value;
  const files: Record<string, Sketch> = {
    [path]: setuid,
    [visudo]: program,
    'etc/sudoers.d/README': { content: '# a comment\n', mode: 0o440 },
    'var/lib/dpkg/info/sudo.list': `/.\n/${path}\n/${visudo}\n`,
  };
  if (sudoers.text.value !== null)
    files['etc/sudoers'] = { content: sudoers.text.value, mode: 0o440 };
  if (sudo.how.value === 'package') return files;
  const isRust = which !== 'without-recommends';
  const [from, to] = isRust
    ? ['usr/lib/cargo/bin/sudo', 'usr/lib/cargo/bin/visudo']
    : [path, visudo];
  if (isRust) {
    files[from] = setuid;
    files[to] = program;
    files['var/lib/dpkg/info/sudo-rs.list'] = `/.\n/${from}\n/${to}\n`;
  }
  files['usr/bin/sudo'] = { target: '/etc/alternatives/sudo' };
  files['usr/sbin/visudo'] = { target: '/etc/alternatives/visudo' };
  files['etc/alternatives/sudo'] = { target: `/${from}` };
  files['etc/alternatives/visudo'] = { target: `/${to}` };
  return files;
}

function osRelease({ os }: Release): string {
  const lines = [
    `PRETTY_NAME="${os.prettyName.value}"`,
    `NAME="${os.name}"`,
    ...(os.versionInOsRelease.value ? [`VERSION_ID="${os.versionId}"`] : []),
    `VERSION_CODENAME=${os.codename}`,
    `ID=${os.id}`,
    ...(os.idLike.length > 0 ? [`ID_LIKE="${os.idLike.join(' ')}"`] : []),
    '',
  ];
  return lines.join('\n');
}

function passwdOf(uid1000: string | null): string {
  const root = 'root:x:0:0:root:/root:/bin/bash\n';
  return uid1000 === null ? root : `${root}${uid1000}:x:1000:1000::/home/${uid1000}:/bin/bash\n`;
}

function sourcesOf({ os, apt }: Release): string {
  return apt.sources.value.format === 'list'
    ? `deb http://archive.example/${os.id} ${os.codename} main\n`
    : `Types: deb\nURIs: http://archive.example/${os.id}\nSuites: ${os.codename}\nComponents: main\n`;
}

function statusOf({ image, sudo }: Release, isInstalled: boolean): string {
  const versions = new Map(
    image.packages.names.map((name) => [name, image.packages.get(name)?.value ?? '0']),
  );
  if (isInstalled) versions.set('sudo', sudo.packageVersion.value);
  if (isInstalled && sudo.how.value === 'alternatives')
    versions.set('sudo-rs', sudo.sudoRs.value ?? '0');
  return [...versions]
    .map(
      ([name, version]) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
    )
    .join('\n');
}
