import type { Release } from '../releases/release.ts';
import type { Machine } from './machine.ts';
import { nobodysAuthority } from './nobodys-authority.ts';
import type { ReconstructedTree } from './reconstructed-tree.ts';
import type { SudoInstall } from './sudo-install.ts';

export interface PackagesOptions {
  readonly machine: Machine;
  /** How the package sudo came to be there; null where it is missing. */
  readonly install: SudoInstall | null;
}

/** apt and its sources, the database of dpkg, and the certificates where the image has them. */
export function reconstructPackages(release: Release, options: PackagesOptions): ReconstructedTree {
  const { machine } = options;
  return {
    'usr/bin/apt-get': machine.program,
    'etc/apt/apt.conf.d': { directory: true },
    [release.apt.sources.value.file]: sourcesOf(release),
    'var/lib/dpkg/status': statusOf(release, options),
    ...(release.ca.inImage.value ? authoritiesOf(release, machine) : {}),
  };
}

/** Where the data name no archive, the host is nobody's. */
function sourcesOf({ os, apt }: Release): string {
  const uri = apt.archiveUri.value ?? `http://archive.example/${os.id}/`;
  const suites = [os.codename, `${os.codename}-updates`];
  return apt.sources.value.format === 'list'
    ? suites.map((suite) => `deb ${uri} ${suite} main\n`).join('')
    : `Types: deb\nURIs: ${uri}\nSuites: ${suites.join(' ')}\nComponents: main\n`;
}

function authoritiesOf({ ca }: Release, { program }: Machine): ReconstructedTree {
  return {
    [ca.bundlePath.value]: nobodysAuthority,
    'usr/share/ca-certificates/reconstruction/nobody.crt': nobodysAuthority,
    'etc/ca-certificates.conf': 'reconstruction/nobody.crt\n',
    'usr/sbin/update-ca-certificates': program,
    'usr/local/share/ca-certificates': { directory: true },
  };
}

/** Versions are as they were recorded, and `x` in them stands for what differs between updates. */
function statusOf({ image, sudo }: Release, { machine, install }: PackagesOptions): string {
  const versions = new Map(
    image.packages.names.map((name) => [name, image.packages.get(name)?.value ?? '0']),
  );
  if (install !== null) versions.set('sudo', sudo.packageVersion.value);
  if (install === 'installed' && sudo.how.value === 'alternatives')
    versions.set('sudo-rs', sudo.sudoRs.value ?? '0');
  return [...versions]
    .map(
      ([name, version]) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: ${machine.architecture}\nVersion: ${version}\n`,
    )
    .join('\n');
}
