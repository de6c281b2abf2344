import { graphRoot, resetContainers } from './containers-config.ts';
import { type CacheAccess, imageName, type OciClient, parsePlatform } from './oci-client.ts';
import type { PrivateMachine } from './private-machine.ts';
import { listUnpacked } from './unpacked-root.ts';

/** An image in the list of containers/storage. */
interface StoredImage {
  readonly id: string;
  readonly names?: readonly string[];
  /** Its topmost layer. */
  readonly layer: string;
  readonly 'big-data-digests': Readonly<Record<string, string>>;
}

/** skopeo, copying into the storage that podman and buildah have too: so it unpacks. */
export async function openSkopeo(machine: PrivateMachine, access: CacheAccess): Promise<OciClient> {
  return {
    name: 'skopeo',
    version: await skopeoVersion(machine),
    directory: machine.directory,
    async pull(image, { platform, ...limits } = {}) {
      const name = imageName(access, image);
      const command = skopeoCopy(name, `containers-storage:${storedName}`, platform);
      const { durationMs } = await machine.run(command, limits);
      const list = await machine.read(`${graphRoot}/vfs-images/images.json`);
      const stored = (JSON.parse(list) as readonly StoredImage[]).find(({ names }) =>
        names?.includes(storedName),
      );
      if (stored === undefined) throw new TypeError(`skopeo stored no ${storedName}: ${list}`);
      const inspect = ['skopeo', 'inspect', '--config', `containers-storage:${storedName}`];
      const config = await machine.run(inspect);
      const { os, architecture } = JSON.parse(config.stdout) as Record<string, string>;
      const data = Object.entries(stored['big-data-digests']);
      const manifests = data.filter(([key]) => key.startsWith('manifest-'));
      return {
        name,
        manifestDigests: manifests.map(([, digest]) => digest),
        configDigest: `sha256:${stored.id}`,
        platform: `${os}/${architecture}`,
        // The storage driver vfs keeps a whole directory for each layer and those below it.
        files: await listUnpacked(machine.outside(`${graphRoot}/vfs/dir/${stored.layer}`)),
        durationMs,
      };
    },
    reset: () => resetContainers(machine),
    // Nothing of it runs on.
    async [Symbol.asyncDispose]() {},
  };
}

const storedName = 'localhost/pulled:latest';

export async function skopeoVersion(machine: PrivateMachine): Promise<string> {
  const { stdout } = await machine.run(['skopeo', '--version']);
  return stdout.trim().replace('skopeo version ', '');
}

/** The command line that has skopeo copy an image of one platform from a registry. */
export function skopeoCopy(
  name: string,
  destination: string,
  wanted: string | undefined,
): readonly string[] {
  const { os, architecture, variant } = parsePlatform(wanted);
  const variants = variant === undefined ? [] : [`--override-variant=${variant}`];
  const platform = [`--override-os=${os}`, `--override-arch=${architecture}`, ...variants];
  return ['skopeo', ...platform, 'copy', '--quiet', `docker://${name}`, destination];
}
