import type { KnownRelease } from '../releases/known-release.ts';
import { accountsOf } from './reconstruct-accounts.ts';
import { sudoOf } from './reconstruct-sudo.ts';
import { machine, program } from './programs.ts';
import type { Entry, Tree } from './tree.ts';

/** Whether sudo is there, as a Dockerfile installs it: with or without the packages that it recommends. */
export type SudoInstalled = 'with-recommends' | 'without-recommends' | 'not';

export interface ReconstructOptions {
  readonly release: KnownRelease;
  /** The default `/etc/sudoers`; null where nobody has seen it. */
  readonly sudoers: Buffer | null;
  readonly sudo: SudoInstalled;
  /** A certificate in PEM form, in place of those that the release's image brings. */
  readonly authority: string;
}

/**
 * The tree of a release's image, made of what is recorded of it: layout, users, package database, sudo and its files, what is
 * there for containers. Its programs are headers alone; nothing in it can be run.
 */
export function reconstruct(options: ReconstructOptions): Tree {
  const { release, sudo } = options;
  return {
    ...layoutOf(release),
    ...osReleaseOf(release),
    ...accountsOf(release),
    ...aptOf(release),
    ...leftoversOf(release),
    ...initOf(release),
    ...(release.ca.inImage ? authoritiesOf(options) : {}),
    ...(sudo === 'not' ? {} : sudoOf(options)),
    'var/lib/dpkg/status': statusOf(release, sudo),
  };
}

const directory: Entry = { directory: true };

function layoutOf({ image: { usrMerged, coreutils } }: KnownRelease): Tree {
  const tools = usrMerged ? 'usr/' : '';
  const date = `${tools}bin/date`;
  const isRust = coreutils.kind === 'uutils';
  return {
    ...(usrMerged
      ? {
          bin: { target: 'usr/bin' },
          sbin: { target: 'usr/sbin' },
          lib: { target: 'usr/lib' },
          lib64: { target: 'usr/lib64' },
          [`usr/${machine.loader}`]: program,
        }
      : { [machine.loader]: program }),
    [`${tools}bin/dash`]: program,
    [`${tools}bin/sh`]: { target: 'dash' },
    [`${tools}bin/bash`]: program,
    ...(isRust
      ? {
          'usr/lib/cargo/bin/coreutils/date': program,
          [date]: { target: '../lib/cargo/bin/coreutils/date' },
        }
      : { [date]: program }),
    [`${tools}sbin/fsck`]: program,
    'usr/bin/env': program,
    'usr/sbin/useradd': program,
    tmp: { directory: true, mode: 0o1777 },
    'var/tmp': { directory: true, mode: 0o1777 },
    root: { directory: true, mode: 0o700 },
    dev: directory,
    proc: directory,
    sys: directory,
    run: directory,
    'usr/local/bin': directory,
    // Docker mounts its own over them; what is below is empty.
    'etc/hostname': '',
    'etc/hosts': '',
  };
}

function osReleaseOf({ os, image }: KnownRelease): Tree {
  const text = [
    `PRETTY_NAME="${os.prettyName}"`,
    `NAME="${os.name}"`,
    ...(os.versionInOsRelease ? [`VERSION_ID="${os.versionId}"`] : []),
    `VERSION_CODENAME=${os.codename}`,
    `ID=${os.id}`,
    ...(os.idLike.length > 0 ? [`ID_LIKE="${os.idLike.join(' ')}"`] : []),
    '',
  ].join('\n');
  const files = image.usrMerged
    ? { 'usr/lib/os-release': text, 'etc/os-release': { target: '../usr/lib/os-release' } }
    : { 'etc/os-release': text };
  return { ...files, 'etc/debian_version': `${os.debianVersion}\n` };
}

/**
 * Ubuntu's images name the archive of current releases, and keep doing so when their suites have moved. Debian's
 * archive is named nowhere here.
 */
function aptOf({ os, apt }: KnownRelease): Tree {
  const uri =
    os.id === 'ubuntu' ? 'http://archive.ubuntu.com/ubuntu/' : `http://archive.example/${os.id}/`;
  const suites = [os.codename, `${os.codename}-updates`];
  const { file, format } = apt.sources;
  const text =
    format === 'list'
      ? suites.map((suite) => `deb ${uri} ${suite} main\n`).join('')
      : `Types: deb\nURIs: ${uri}\nSuites: ${suites.join(' ')}\nComponents: main\n`;
  return { 'usr/bin/apt-get': program, 'etc/apt/apt.conf.d': directory, [file]: text };
}

function leftoversOf({ image }: KnownRelease): Tree {
  const files: Record<string, Entry> = {
    'etc/resolv.conf':
      image.resolvConf === 'link' ? { target: '../run/resolvconf/resolv.conf' } : '',
  };
  for (const path of image.dockerConfiguration) files[path] = '# for containers\n';
  if (image.policyRcD)
    files['usr/sbin/policy-rc.d'] = { content: '#!/bin/sh\nexit 101\n', mode: 0o755 };
  if (image.runSystemdContainer !== null)
    files['run/systemd/container'] = `${image.runSystemdContainer}\n`;
  if (!image.initctlDiverted) return files;
  return {
    ...files,
    'var/lib/dpkg/diversions': '/sbin/initctl\n/sbin/initctl.distrib\n:\n',
    'sbin/initctl': { content: '#!/bin/sh\nexit 0\n', mode: 0o755 },
    'sbin/initctl.distrib': program,
  };
}

function initOf({ image: { init, usrMerged } }: KnownRelease): Tree {
  if (init.kind === 'none') return {};
  const root = usrMerged ? 'usr/' : '';
  if (init.kind === 'upstart') return { [`${root}sbin/init`]: program };
  return {
    [`${root}lib/systemd/systemd`]: program,
    [`${root}sbin/init`]: { target: '/lib/systemd/systemd' },
  };
}

function authoritiesOf({ release, authority }: ReconstructOptions): Tree {
  return {
    [release.ca.bundlePath]: authority,
    'usr/share/ca-certificates/matrix/nobody.crt': authority,
    'etc/ca-certificates.conf': 'matrix/nobody.crt\n',
    'usr/sbin/update-ca-certificates': program,
    'usr/local/share/ca-certificates': directory,
  };
}

/** As dpkg has it; versions are as they were recorded, and `x` in them stands for what differs between updates. */
function statusOf({ image, sudo }: KnownRelease, installed: SudoInstalled): string {
  const versions = new Map<string, string>();
  for (const list of image.packages)
    for (const [name, version] of Object.entries(list.versions))
      if (!versions.has(name)) versions.set(name, version);
  if (installed !== 'not') versions.set('sudo', sudo.packageVersion);
  if (installed === 'with-recommends' && sudo.how === 'alternatives' && sudo.sudoRs !== null)
    versions.set('sudo-rs', sudo.sudoRs);
  return [...versions]
    .map(([name, version]) =>
      [
        `Package: ${name}`,
        'Status: install ok installed',
        `Architecture: ${machine.dpkg}`,
        `Version: ${version}`,
        '',
      ].join('\n'),
    )
    .join('\n');
}
