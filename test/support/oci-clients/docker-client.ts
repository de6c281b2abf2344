import { chainIdOf } from './chain-id.ts';
import { startEngine } from './engine.ts';
import { type CacheAccess, imageName, type OciClient, parsePlatform } from './oci-client.ts';
import type { PrivateMachine } from './private-machine.ts';
import { listUnpacked } from './unpacked-root.ts';

/** Answers of `docker image inspect`, as far as they are looked at. */
interface InspectedImage {
  readonly Id: string;
  readonly RepoDigests: readonly string[];
  readonly Os: string;
  readonly Architecture: string;
  readonly RootFS: { readonly Layers: readonly string[] };
}

/** Touches neither the network configuration nor the firewall, and needs no file system of its own. */
export const engineCommand = [
  'dockerd',
  '--host=unix:///run/docker.sock',
  '--data-root=/var/lib/docker',
  '--exec-root=/run/docker',
  '--pidfile=/run/docker.pid',
  '--bridge=none',
  '--iptables=false',
  '--ip6tables=false',
  '--ip-forward=false',
  '--storage-driver=vfs',
];

export async function dockerConfig(
  machine: PrivateMachine,
  { way, cacheUrl }: CacheAccess,
): Promise<void> {
  const config = way === 'mirror' ? { 'registry-mirrors': [cacheUrl] } : {};
  await machine.write('/etc/docker/daemon.json', `${JSON.stringify(config)}\n`);
}

/** Docker's engine, with a containerd of its own, and its command line. */
export async function openDocker(
  machine: PrivateMachine,
  access: CacheAccess,
): Promise<OciClient | string> {
  const engine = await startEngine(machine, { command: engineCommand, ready: /API listen on/ });
  if (typeof engine === 'string') return engine;
  await using stack = new AsyncDisposableStack();
  stack.use(engine);
  const docker = (...words: readonly string[]) => machine.run(['docker', ...words]);
  const version = await docker('version', '--format={{.Server.Version}}');
  const owned = stack.move();
  return {
    name: 'docker',
    version: version.stdout.trim(),
    directory: machine.directory,
    async pull(image, { platform: wanted, ...limits } = {}) {
      const name = imageName(access, image);
      const { platform } = parsePlatform(wanted);
      const command = ['docker', 'pull', '--quiet', `--platform=${platform}`, name];
      const { durationMs } = await machine.run(command, limits);
      const { stdout } = await docker('image', 'inspect', name);
      const [inspected] = JSON.parse(stdout) as readonly [InspectedImage];
      return {
        name,
        manifestDigests: inspected.RepoDigests.map((digest) => digest.replace(/^.*@/, '')),
        configDigest: inspected.Id,
        platform: `${inspected.Os}/${inspected.Architecture}`,
        files: await listUnpacked(await rootOf(machine, inspected)),
        durationMs,
      };
    },
    async reset() {
      const { stdout } = await docker('image', 'ls', '--all', '--quiet', '--no-trunc');
      const ids = new Set(stdout.split('\n').filter((id) => id !== ''));
      if (ids.size > 0) await docker('image', 'rm', '--force', ...ids);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The storage driver vfs keeps a whole directory for each layer and those below it. */
export async function rootOf(
  machine: PrivateMachine,
  image: Pick<InspectedImage, 'RootFS'>,
): Promise<string> {
  const layer = chainIdOf(image.RootFS.Layers).replace(':', '/');
  const id = await machine.read(`/var/lib/docker/image/vfs/layerdb/${layer}/cache-id`);
  return machine.outside(`/var/lib/docker/vfs/dir/${id.trim()}`);
}
