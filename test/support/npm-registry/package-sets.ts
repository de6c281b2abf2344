/** Packages that are recorded together: what a project's dependencies resolve to, and a few packuments besides. */
export interface PackageSet {
  readonly name: SetName;
  /** Of the project whose lockfile says what is in the set. Exact versions. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Packages of which only the packument is recorded. */
  readonly packumentsOnly: readonly string[];
  /** Packages whose versions are given without `integrity`, as those published before 2017 were: `shasum` is all they have. */
  readonly shasumOnly: readonly string[];
}

export type SetName = 'small' | 'large';

/**
 * `small`: 24 tarballs. A scope, bins (JSONStream, mkdirp, which), a name in capitals, one package in two versions of
 * which one is nested, and one with only a shasum.
 */
const small: PackageSet = {
  name: 'small',
  dependencies: {
    '@nodelib/fs.scandir': '2.1.5',
    JSONStream: '1.3.5',
    chalk: '4.1.2',
    debug: '4.3.4',
    'is-number': '7.0.0',
    mkdirp: '0.5.6',
    ms: '2.0.0',
    once: '1.4.0',
    which: '2.0.2',
    wordwrap: '0.0.3',
  },
  packumentsOnly: [],
  shasumOnly: ['wordwrap'],
};

/** `large`: about 320 tarballs of 11 MB, from 0.6 KB to 1.1 MB; and packuments of up to 20 MB. */
const large: PackageSet = {
  name: 'large',
  dependencies: {
    axios: '1.7.9',
    chokidar: '3.6.0',
    eslint: '8.57.1',
    express: '4.21.2',
    lodash: '4.17.21',
    mocha: '10.8.2',
    react: '18.3.1',
    'react-dom': '18.3.1',
    rxjs: '7.8.1',
    uuid: '9.0.1',
    webpack: '5.97.1',
  },
  packumentsOnly: ['next', 'typescript'],
  shasumOnly: [],
};

export const packageSets: Readonly<Record<SetName, PackageSet>> = { small, large };

/** The package.json that resolves to the set. */
export function packageJsonOf(set: PackageSet): string {
  const document = {
    name: `recorded-${set.name}`,
    version: '1.0.0',
    private: true,
    dependencies: set.dependencies,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
