import type { RootFiles } from '../../src/network.ts';
import type { SettingsFormat } from './find-setting.ts';
import { nodeClients, npmrcClients, type TrustClient } from './trust-client.ts';
import type { Home, TrustContext } from './trust-context.ts';

/** A place where a client may be told which certificates to trust. */
export interface SettingPlace {
  readonly path: string;
  readonly format: SettingsFormat;
  readonly key: string;
  readonly clients: readonly TrustClient[];
  readonly owner: 'machine' | 'project' | Home;
}

type Kind = Omit<SettingPlace, 'path' | 'owner'>;

const npmrc: Kind = { format: 'npmrc', key: 'cafile', clients: npmrcClients };
const pnpmRc: Kind = { format: 'npmrc', key: 'cafile', clients: ['pnpm'] };
const pnpmYaml: Kind = { format: 'yaml', key: 'cafile', clients: ['pnpm'] };
const yarnrc: Kind = { format: 'yarnrc', key: 'cafile', clients: ['yarn'] };
const berry: Kind = { format: 'yaml', key: 'httpsCaFilePath', clients: ['berry'] };
/** The name of the same setting in yarn 2. */
const oldBerry: Kind = { ...berry, key: 'caFilePath' };
const bunfig: Kind = { format: 'bunfig', key: 'cafile', clients: ['bun'] };

const inHomes: readonly (readonly [string, Kind])[] = [
  ['.npmrc', npmrc],
  ['.config/pnpm/rc', pnpmRc],
  ['.config/pnpm/config.yaml', pnpmYaml],
  ['.yarnrc', yarnrc],
  ['.yarnrc.yml', berry],
  ['.yarnrc.yml', oldBerry],
  ['.bunfig.toml', bunfig],
  ['.config/.bunfig.toml', bunfig],
];
/** npm's global file lies in `etc` of its prefix. */
const onMachines: readonly (readonly [string, Kind])[] = [
  ['/etc/npmrc', npmrc],
  ['/usr/etc/npmrc', npmrc],
  ['/usr/local/etc/npmrc', npmrc],
  ['/etc/yarnrc', yarnrc],
];
const inProjects: readonly (readonly [string, Kind])[] = [
  ['.npmrc', npmrc],
  ['pnpm-workspace.yaml', pnpmYaml],
  ['.yarnrc', yarnrc],
  ['.yarnrc.yml', berry],
  ['bunfig.toml', bunfig],
];

export const nodeVariable = 'NODE_EXTRA_CA_CERTS';

/** Variables that name a file of certificates, and who heeds them; npm takes any case. */
export const variables: Readonly<Record<string, readonly TrustClient[]>> = {
  [nodeVariable]: nodeClients,
  npm_config_cafile: ['npm', 'pnpm', 'yarn'],
  NPM_CONFIG_CAFILE: ['npm', 'pnpm', 'yarn'],
  YARN_CAFILE: ['yarn'],
  YARN_HTTPS_CA_FILE_PATH: ['berry'],
};

/** All the places of a root file system, and those of the project that the session is in. */
export async function settingPlaces({
  files,
  homes,
  session,
}: TrustContext): Promise<readonly SettingPlace[]> {
  const places: SettingPlace[] = [];
  for (const path of await environmentFiles(files))
    for (const [key, clients] of Object.entries(variables))
      places.push({ path, format: 'environment', key, clients, owner: 'machine' });
  for (const [path, kind] of onMachines) places.push({ path, ...kind, owner: 'machine' });
  for (const home of homes)
    for (const [name, kind] of inHomes)
      places.push({ path: `${home.path}/${name}`, ...kind, owner: home });
  const known = new Set(places.map(({ path }) => path));
  for (const [name, kind] of session === null ? [] : inProjects) {
    const path = `${session?.directory}/${name}`;
    if (!known.has(path)) places.push({ path, ...kind, owner: 'project' });
  }
  return places;
}

/** Files that give variables to sessions: of PAM, of login shells, of systemd's user services. */
export async function environmentFiles(files: RootFiles): Promise<readonly string[]> {
  const inDirectory = async (directory: string, suffix: string): Promise<string[]> =>
    (await files.list(directory))
      .filter((name) => name.endsWith(suffix))
      .map((name) => `${directory}/${name}`);
  const found = [
    ...(await inDirectory('/etc/profile.d', '.sh')),
    ...(await inDirectory('/etc/environment.d', '.conf')),
  ].filter((path) => !ownEnvironmentFiles.includes(path));
  return ['/etc/environment', '/etc/profile', ...found];
}

export const ownProfile = '/etc/profile.d/ashlar-trust.sh';
export const ownUserServices = '/etc/environment.d/60-ashlar-trust.conf';
const ownEnvironmentFiles: readonly string[] = [ownProfile, ownUserServices];
