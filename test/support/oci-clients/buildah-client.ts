import { resetContainers } from './containers-config.ts';
import { type CacheAccess, imageName, type OciClient, parsePlatform } from './oci-client.ts';
import type { PrivateMachine } from './private-machine.ts';
import { listUnpacked } from './unpacked-root.ts';

/** Answers of `buildah inspect --type=image`, as far as they are looked at. */
interface InspectedImage {
  readonly FromImageID: string;
  readonly FromImageDigest: string;
  readonly OCIv1: { readonly os: string; readonly architecture: string };
}

export async function openBuildah(
  machine: PrivateMachine,
  access: CacheAccess,
): Promise<OciClient> {
  const buildah = async (...words: readonly string[]) =>
    (await machine.run(['buildah', ...words])).stdout.trim();
  return {
    name: 'buildah',
    version: /\d+\.\d+\S*/.exec(await buildah('--version'))?.[0] ?? '',
    directory: machine.directory,
    async pull(image, { platform: wanted, ...limits } = {}) {
      const name = imageName(access, image);
      const { platform } = parsePlatform(wanted);
      const flags = ['--quiet', '--policy=always', `--platform=${platform}`];
      const command = ['buildah', 'pull', ...flags, name];
      const { stdout, durationMs } = await machine.run(command, limits);
      const id = stdout.trim();
      const inspected = JSON.parse(await buildah('inspect', '--type=image', id)) as InspectedImage;
      const container = await buildah('from', '--pull=false', id);
      const root = await buildah('mount', container);
      const files = await listUnpacked(machine.outside(root));
      await buildah('rm', container);
      return {
        name,
        manifestDigests: [inspected.FromImageDigest],
        configDigest: `sha256:${inspected.FromImageID}`,
        platform: `${inspected.OCIv1.os}/${inspected.OCIv1.architecture}`,
        files,
        durationMs,
      };
    },
    reset: () => resetContainers(machine),
    // Nothing of it runs on.
    async [Symbol.asyncDispose]() {},
  };
}
