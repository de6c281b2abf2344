import type { CacheAccess } from './oci-client.ts';
import type { PrivateMachine } from './private-machine.ts';

/** What podman, buildah and skopeo read alike: `registries.conf`, `policy.json`, `storage.conf`, `containers.conf`. */
export async function containersConfig(
  machine: PrivateMachine,
  { way, cacheUrl, registry }: CacheAccess,
): Promise<void> {
  const { host } = new URL(cacheUrl);
  const mirror = ['[[registry.mirror]]', `location = "${host}/${registry}"`, 'insecure = true'];
  const registries = [
    'unqualified-search-registries = []',
    '[[registry]]',
    ...(way === 'mirror'
      ? [`location = "${registry}"`, ...mirror]
      : [`location = "${host}"`, 'insecure = true']),
  ];
  const policy = { default: [{ type: 'insecureAcceptAnything' }] };
  const storage = [
    '[storage]',
    'driver = "vfs"',
    `graphroot = "${graphRoot}"`,
    `runroot = "${runRoot}"`,
  ];
  const engine = ['[engine]', 'events_logger = "none"', 'cgroup_manager = "cgroupfs"'];
  await machine.write('/etc/containers/registries.conf', `${registries.join('\n')}\n`);
  await machine.write('/etc/containers/policy.json', `${JSON.stringify(policy)}\n`);
  await machine.write('/etc/containers/storage.conf', `${storage.join('\n')}\n`);
  await machine.write('/etc/containers/containers.conf', `${engine.join('\n')}\n`);
}

/** Forgets all that these clients keep, also what they know of blobs that they have no longer. They must not be running. */
export async function resetContainers(machine: PrivateMachine): Promise<void> {
  for (const path of ['/var/lib/containers', '/run/containers', '/run/libpod', '/var/tmp']) {
    await machine.clear(path);
  }
}

export const graphRoot = '/var/lib/containers/storage';
const runRoot = '/run/containers/storage';
