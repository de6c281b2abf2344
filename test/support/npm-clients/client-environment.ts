import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstalledClient } from './install-client.ts';

export interface ClientSettings {
  /** HOME of the client: its caches and its configuration of the user are below. Made where missing. */
  readonly home: string;
  /** The registry that it is told of; undefined for the one that it takes by itself. */
  readonly registry?: string;
  /** PEM file of a CA that it has to trust. */
  readonly caFile?: string;
  /** Lines of the user's .npmrc besides. */
  readonly npmrc?: readonly string[];
  /** Variables besides. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The whole environment of a client. Nothing of this machine's own configuration is in it: no npmrc, no proxy, no `CI`. */
export async function prepareEnvironment(
  { client, nodeDir }: InstalledClient,
  settings: ClientSettings,
): Promise<Record<string, string>> {
  const { home, registry, caFile, npmrc = [], env = {} } = settings;
  await mkdir(home, { recursive: true });
  const lines = [...(registry === undefined ? [] : [`registry=${registry}`]), ...npmrc];
  await writeFile(join(home, '.npmrc'), lines.map((line) => `${line}\n`).join(''));
  return {
    HOME: home,
    PATH: `${nodeDir}:/usr/local/bin:/usr/bin:/bin`,
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    DO_NOT_TRACK: '1',
    npm_config_userconfig: join(home, '.npmrc'),
    npm_config_globalconfig: join(home, 'global.npmrc'),
    npm_config_cache: join(home, '.npm'),
    npm_config_update_notifier: 'false',
    ...(caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }),
    ...(client.family === 'berry' ? berryVariables(registry) : {}),
    ...(client.family === 'yarn' ? yarnVariables(home) : {}),
    ...env,
  };
}

/** Run by root, Yarn 1 keeps a cache of its own outside of HOME. */
function yarnVariables(home: string): Record<string, string> {
  return { YARN_CACHE_FOLDER: join(home, '.yarn-cache'), YARN_DISABLE_SELF_UPDATE_CHECK: '1' };
}

/** Yarn 4 reads no .npmrc. */
function berryVariables(registry: string | undefined): Record<string, string> {
  return {
    YARN_NODE_LINKER: 'node-modules',
    YARN_ENABLE_TELEMETRY: '0',
    YARN_ENABLE_SCRIPTS: '0',
    YARN_ENABLE_GLOBAL_CACHE: '1',
    YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
    ...(registry === undefined
      ? {}
      : {
          YARN_NPM_REGISTRY_SERVER: registry,
          YARN_UNSAFE_HTTP_WHITELIST: new URL(registry).hostname,
        }),
  };
}
