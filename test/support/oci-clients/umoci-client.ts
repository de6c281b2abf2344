import { resetContainers } from './containers-config.ts';
import { type CacheAccess, imageName, type OciClient } from './oci-client.ts';
import type { PrivateMachine } from './private-machine.ts';
import { skopeoCopy, skopeoVersion } from './skopeo-client.ts';
import { listUnpacked } from './unpacked-root.ts';

interface Descriptor {
  readonly digest: string;
}

/** skopeo, copying into an OCI image layout, which umoci unpacks: it cannot pull by itself. */
export async function openUmoci(machine: PrivateMachine, access: CacheAccess): Promise<OciClient> {
  const own = await machine.run(['umoci', '--version']);
  const version = own.stdout.trim().replace('umoci version ', '');
  const blob = async (digest: string): Promise<unknown> =>
    JSON.parse(await machine.read(`${layout}/blobs/${digest.replace(':', '/')}`));
  return {
    name: 'umoci',
    version: `${version} (skopeo ${await skopeoVersion(machine)})`,
    directory: machine.directory,
    async pull(image, { platform, ...limits } = {}) {
      const name = imageName(access, image);
      const copied = await machine.run(skopeoCopy(name, `oci:${layout}:pulled`, platform), limits);
      await machine.clear(bundle);
      const unpacked = await machine.run(['umoci', 'unpack', `--image=${layout}:pulled`, bundle]);
      const index = JSON.parse(await machine.read(`${layout}/index.json`)) as {
        readonly manifests: readonly [Descriptor];
      };
      const [{ digest }] = index.manifests;
      const { config } = (await blob(digest)) as { readonly config: Descriptor };
      const { os, architecture } = (await blob(config.digest)) as Record<string, string>;
      return {
        name,
        manifestDigests: [digest],
        configDigest: config.digest,
        platform: `${os}/${architecture}`,
        files: await listUnpacked(machine.outside(`${bundle}/rootfs`)),
        durationMs: copied.durationMs + unpacked.durationMs,
      };
    },
    reset: () => resetContainers(machine),
    // Nothing of it runs on.
    async [Symbol.asyncDispose]() {},
  };
}

const layout = '/var/tmp/layout';
const bundle = '/var/tmp/bundle';
