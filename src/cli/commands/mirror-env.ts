import { join } from 'node:path';
import { writeFileAtomic } from '../../disk/write-file-atomic.ts';
import {
  type ClientAuthority,
  type HostSettings,
  openClientAuthority,
} from '../client-authority.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { ensureHome } from '../ensure-home.ts';

export interface EnvSettings extends HostSettings {
  /**
   * `hosts`: the names of the registries lead to the mirror. `proxy`: the mirror is the proxy of all clients. `registry`:
   * clients are told of the mirror, and lockfiles learn of it.
   */
  readonly way: 'hosts' | 'proxy' | 'registry';
  /** The mirror as the machines see it. */
  readonly address: string;
  readonly port: string;
}

/**
 * Says what a machine or a build needs to come to the mirror; writes the certificates that it names. Throws as
 * `openClientAuthority` does.
 */
export async function mirrorEnv(
  context: CommandContext,
  settings: EnvSettings,
): Promise<FinishedCommand> {
  const { way, address, port } = settings;
  const mirror = `http://${address.includes(':') ? `[${address}]` : address}:${port}/`;
  const authority = way === 'registry' ? null : await openClientAuthority(context, settings);
  const environment: Record<string, string> = {
    ...(authority === null ? {} : await trustOf(context, authority)),
    ...(way === 'proxy' ? proxyVariables(mirror) : {}),
    ...(way === 'registry' ? registryVariables(mirror, address) : {}),
  };
  const names = way === 'hosts' ? (authority?.names ?? []) : [];
  const hosts = names.map((name) => `${address} ${name}`);
  const remarks = [
    ...(hosts.length === 0 ? [] : hostsRemarks(hosts, address)),
    ...(authority === null ? [] : [cafileRemark]),
    ...(authority === null || authority.note === null ? [] : [authority.note]),
  ];
  const lines = [
    ...Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}`),
    ...remarks.map((line) => `# ${line}`),
  ];
  return { json: { environment, hosts, remarks }, text: lines.join('\n') };
}

/** A list in a configuration file takes the place of what Node.js trusts. */
const cafileRemark =
  'npm, pnpm and yarn do not heed NODE_EXTRA_CA_CERTS where an .npmrc has cafile or ca: `ashlar trust --install` sees to that, and to the system and bun';

function hostsRemarks(hosts: readonly string[], address: string): readonly string[] {
  const isLoopback = /^(127\.|::1$|localhost$)/.test(address);
  return [
    "for /etc/hosts of the other machines; not of the mirror's own, where they would lead it to itself (there: --way proxy):",
    ...hosts,
    'the TLS of the mirror has to listen on port 443 for them: `mirror serve --tls-listen 0.0.0.0:443`',
    ...(isLoopback
      ? [`${address} is each machine itself: name the mirror as the others see it with --address`]
      : []),
  ];
}

/** Adds to what node's programs trust; the other clients have to be told with `ashlar trust --install`. */
async function trustOf(
  context: CommandContext,
  { certificates }: ClientAuthority,
): Promise<Record<string, string>> {
  await ensureHome(context);
  const file = join(context.config.home, 'mirror', 'ca.pem');
  await writeFileAtomic(file, certificates.join(''));
  return { NODE_EXTRA_CA_CERTS: file };
}

/** Yarn from version 2 on reads variables of its own alone. */
function proxyVariables(mirror: string): Record<string, string> {
  return {
    HTTP_PROXY: mirror,
    HTTPS_PROXY: mirror,
    YARN_HTTP_PROXY: mirror,
    YARN_HTTPS_PROXY: mirror,
    NO_PROXY: 'localhost,127.0.0.1,::1',
  };
}

function registryVariables(mirror: string, address: string): Record<string, string> {
  return {
    npm_config_registry: mirror,
    YARN_REGISTRY: mirror,
    YARN_NPM_REGISTRY_SERVER: mirror,
    YARN_UNSAFE_HTTP_WHITELIST: address,
    BUN_CONFIG_REGISTRY: mirror,
  };
}

function quoted(value: string): string {
  return /^[\w./:,@+-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
