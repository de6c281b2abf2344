/** The npm clients that tests install with, each pinned to the newest release of its line when this table was last renewed. */
export interface Client {
  readonly id: ClientId;
  readonly family: ClientFamily;
  readonly version: string;
  /** What npm installs to have it: exact. */
  readonly packages: readonly string[];
  /** Below the directory that it is installed in. The file is run by Node.js where it ends in `js`, else as it is. */
  readonly program: string;
  /** Node.js that it runs on, below that directory; null for the one that runs the tests. */
  readonly node: string | null;
  readonly lockfile: string;
}

export type ClientFamily = 'npm' | 'pnpm' | 'yarn' | 'berry' | 'bun';
export type ClientId =
  | 'npm6'
  | 'npm8'
  | 'npm10'
  | 'npm11'
  | 'npm12'
  | 'pnpm8'
  | 'pnpm10'
  | 'pnpm12'
  | 'yarn1'
  | 'yarn4'
  | 'bun';

const { arch } = process;
const oldNode = `node-linux-${arch}`;
const bunPackage = `@oven/bun-linux-${arch === 'x64' ? 'x64' : 'aarch64'}`;

const npm = (id: ClientId, version: string): Client => ({
  id,
  family: 'npm',
  version,
  packages: [`npm@${version}`],
  program: 'node_modules/npm/bin/npm-cli.js',
  node: null,
  lockfile: 'package-lock.json',
});

/** npm 6 and 8 are older than Node.js 18 and are run on what was current then. */
const npmOnOldNode = (id: ClientId, version: string): Client => ({
  ...npm(id, version),
  packages: [`npm@${version}`, `${oldNode}@16.20.2`],
  node: `node_modules/${oldNode}/bin/node`,
});

const pnpm = (id: ClientId, version: string): Client => ({
  id,
  family: 'pnpm',
  version,
  packages: [`pnpm@${version}`],
  program: 'node_modules/pnpm/bin/pnpm.cjs',
  node: null,
  lockfile: 'pnpm-lock.yaml',
});

export const clients: readonly Client[] = [
  npmOnOldNode('npm6', '6.14.18'),
  npmOnOldNode('npm8', '8.19.4'),
  npm('npm10', '10.9.9'),
  npm('npm11', '11.21.2'),
  npm('npm12', '12.2.0'),
  pnpm('pnpm8', '8.15.9'),
  pnpm('pnpm10', '10.34.9'),
  // A native program, in a package of its own for each platform.
  { ...pnpm('pnpm12', '12.21.0'), program: `node_modules/@pnpm/exe.linux-${arch}/pnpm` },
  {
    id: 'yarn1',
    family: 'yarn',
    version: '1.22.22',
    packages: ['yarn@1.22.22'],
    program: 'node_modules/yarn/bin/yarn.js',
    node: null,
    lockfile: 'yarn.lock',
  },
  {
    id: 'yarn4',
    family: 'berry',
    version: '4.18.1',
    packages: ['@yarnpkg/cli-dist@4.18.1'],
    program: 'node_modules/@yarnpkg/cli-dist/bin/yarn.js',
    node: null,
    lockfile: 'yarn.lock',
  },
  {
    id: 'bun',
    family: 'bun',
    version: '1.4.5',
    packages: ['bun@1.4.5'],
    program: `node_modules/${bunPackage}/bin/bun`,
    node: null,
    lockfile: 'bun.lock',
  },
];

export function clientOf(id: ClientId): Client {
  const found = clients.find((client) => client.id === id);
  if (found === undefined) throw new TypeError(`no client ${id}`);
  return found;
}
