/** How a tree is made of a distribution's packages. */
export interface DebianRecipe {
  readonly id: string;
  readonly title: string;
  /** Id of the release, as the data have it. */
  readonly release: string;
  /** The codename by which the package archive has it. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** What is done in the tree at its end, as shell with the tree in `$1`. */
  readonly finish: readonly string[];
}

interface Suite {
  readonly release: string;
  readonly name: string;
  readonly suite: string;
  readonly hasSudoRs: boolean;
  /** Whether there is a row with it, too; one is enough to show that such images come up. */
  readonly withSysvinit?: true;
}

const suites: readonly Suite[] = [
  { release: 'debian-11', name: 'Debian 11', suite: 'bullseye', hasSudoRs: false },
  {
    release: 'debian-12',
    name: 'Debian 12',
    suite: 'bookworm',
    hasSudoRs: false,
    withSysvinit: true,
  },
  { release: 'debian-13', name: 'Debian 13', suite: 'trixie', hasSudoRs: true },
  { release: 'debian-14', name: 'Debian 14', suite: 'forky', hasSudoRs: true },
];

/** As a Dockerfile installs it on the image of the release: no init. */
const common = ['sudo', 'ca-certificates', 'openssl'];

/** As people who want sudo-rs have it: before the package's sudo in everybody's path. */
const sudoRsFirst = [
  'ln -s /usr/bin/sudo-rs "$1/usr/local/bin/sudo"',
  'ln -s /usr/bin/visudo-rs "$1/usr/local/bin/visudo"',
];

/** Each release with sudo, with sudo-rs where it is packaged, and with an init of its own. */
export const debianRecipes: readonly DebianRecipe[] = suites.flatMap((from) => [
  recipe(from, { id: '', words: 'with sudo', packages: [], finish: [] }),
  ...(from.hasSudoRs
    ? [
        recipe(from, {
          id: '-sudo-rs',
          words: 'with sudo-rs as sudo',
          packages: ['sudo-rs'],
          finish: sudoRsFirst,
        }),
      ]
    : []),
  recipe(from, {
    id: '-systemd',
    words: 'with sudo and systemd',
    packages: ['systemd-sysv', 'udev', 'e2fsprogs'],
    finish: [],
  }),
  ...(from.withSysvinit === true
    ? [
        recipe(from, {
          id: '-sysvinit',
          words: 'with sudo and sysvinit',
          packages: ['sysvinit-core', 'initscripts'],
          finish: [],
        }),
      ]
    : []),
]);

interface Variant {
  readonly id: string;
  readonly words: string;
  readonly packages: readonly string[];
  readonly finish: readonly string[];
}

function recipe({ release, name, suite }: Suite, variant: Variant): DebianRecipe {
  return {
    id: `${release}${variant.id}`,
    title: `${name} ${variant.words}`,
    release,
    suite,
    packages: [...common, ...variant.packages],
    finish: variant.finish,
  };
}
