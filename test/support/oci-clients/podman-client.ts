import { resetContainers } from './containers-config.ts';
import { type CacheAccess, imageName, type OciClient, parsePlatform } from './oci-client.ts';
import type { PrivateMachine } from './private-machine.ts';
import { listUnpacked } from './unpacked-root.ts';

/** Answers of `podman image inspect`, as far as they are looked at. */
interface InspectedImage {
  readonly Id: string;
  readonly RepoDigests: readonly string[];
  readonly Os: string;
  readonly Architecture: string;
}

export async function openPodman(machine: PrivateMachine, access: CacheAccess): Promise<OciClient> {
  const podman = async (...words: readonly string[]) =>
    (await machine.run(['podman', ...words])).stdout.trim();
  return {
    name: 'podman',
    version: (await podman('--version')).replace('podman version ', ''),
    directory: machine.directory,
    async pull(image, { platform: wanted, ...limits } = {}) {
      const name = imageName(access, image);
      const { platform } = parsePlatform(wanted);
      const command = ['podman', 'pull', '--quiet', `--platform=${platform}`, name];
      const { stdout, durationMs } = await machine.run(command, limits);
      const id = stdout.trim();
      const [inspected] = JSON.parse(await podman('image', 'inspect', id)) as [InspectedImage];
      const root = await podman('image', 'mount', id);
      const files = await listUnpacked(machine.outside(root));
      await podman('image', 'unmount', id);
      return {
        name,
        manifestDigests: inspected.RepoDigests.map((digest) => digest.replace(/^.*@/, '')),
        configDigest: `sha256:${inspected.Id}`,
        platform: `${inspected.Os}/${inspected.Architecture}`,
        files,
        durationMs,
      };
    },
    reset: () => resetContainers(machine),
    // Nothing of it runs on.
    async [Symbol.asyncDispose]() {},
  };
}
