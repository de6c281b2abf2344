import { constants } from 'node:fs';
import { access as mayAccess } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../../src/errors/ashlar-error.ts';
import type { Launch } from '../recorded-upstream/called-process.ts';
import { openBuildah } from './buildah-client.ts';
import { containerdConfig, openContainerd } from './containerd-client.ts';
import { containersConfig } from './containers-config.ts';
import { dockerConfig, openDocker } from './docker-client.ts';
import type { CacheAccess, OciClient, OciClientName } from './oci-client.ts';
import { openPodman } from './podman-client.ts';
import {
  createPrivateMachine,
  type PrivateMachine,
  programPath,
  whyNoPrivateMachine,
} from './private-machine.ts';
import { openSkopeo } from './skopeo-client.ts';
import { openUmoci } from './umoci-client.ts';

export interface OciClientSettings extends CacheAccess {
  /** Files below /etc, by path from there, in place of or besides those that the client gets by itself. */
  readonly etc?: Readonly<Record<string, string>>;
  /** Makes the client run elsewhere, as in a network namespace. */
  readonly launch?: Launch;
}

/** Starts a client with nothing in it; a string says why it cannot run here, or not in this way. */
export async function openOciClient(
  name: OciClientName,
  settings: OciClientSettings,
): Promise<OciClient | string> {
  const { protocol, pathname } = new URL(settings.cacheUrl);
  if (!/^https?:$/.test(protocol) || pathname !== '/') {
    throw new TypeError(`clients know caches by http[s]://HOST:PORT, not ${settings.cacheUrl}`);
  }
  const reason = whyNotSo(name, settings) ?? (await whyNotHere(name));
  if (reason !== null) return reason;
  const { configure, open } = clients[name];
  await using stack = new AsyncDisposableStack();
  const machine = stack.use(await createPrivateMachine(name, settings.launch));
  await configure(machine, settings);
  for (const [path, text] of Object.entries(settings.etc ?? {})) {
    await machine.write(join('/etc', path), text);
  }
  const client = await open(machine, settings);
  if (typeof client === 'string') return client;
  stack.use(client);
  const owned = stack.move();
  return { ...client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Why a client cannot run on this machine, as far as can be told without starting it, or null. */
export async function whyNotHere(name: OciClientName): Promise<string | null> {
  for (const [program, debianPackage] of Object.entries(clients[name].programs)) {
    if (!(await isInstalled(program))) return `no ${program} (Debian package ${debianPackage})`;
  }
  return whyNoPrivateMachine();
}

/** Why a client cannot be sent to a cache in this way, or null. */
export function whyNotSo(name: OciClientName, { way, registry }: CacheAccess): string | null {
  return name === 'docker' && way === 'mirror' && registry !== 'docker.io'
    ? 'docker takes mirrors of docker.io alone'
    : null;
}

interface ClientKind {
  /** That it needs, each with the Debian package that has it. */
  readonly programs: Readonly<Record<string, string>>;
  configure(machine: PrivateMachine, access: CacheAccess): Promise<void>;
  open(machine: PrivateMachine, access: CacheAccess): Promise<OciClient | string>;
}

const skopeo = { skopeo: 'skopeo' };

const clients: Readonly<Record<OciClientName, ClientKind>> = {
  docker: {
    programs: { dockerd: 'docker.io', docker: 'docker.io', containerd: 'containerd' },
    configure: dockerConfig,
    open: openDocker,
  },
  containerd: {
    programs: { containerd: 'containerd', ctr: 'containerd' },
    configure: containerdConfig,
    open: openContainerd,
  },
  podman: { programs: { podman: 'podman' }, configure: containersConfig, open: openPodman },
  buildah: { programs: { buildah: 'buildah' }, configure: containersConfig, open: openBuildah },
  skopeo: { programs: skopeo, configure: containersConfig, open: openSkopeo },
  umoci: {
    programs: { umoci: 'umoci', ...skopeo },
    configure: containersConfig,
    open: openUmoci,
  },
};

async function isInstalled(program: string): Promise<boolean> {
  for (const directory of programPath.split(':')) {
    try {
      await mayAccess(join(directory, program), constants.X_OK);
      return true;
    } catch (error) {
      if (!['ENOENT', 'EACCES'].includes(systemErrorCode(error) ?? '')) throw error;
    }
  }
  return false;
}
