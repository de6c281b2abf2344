import { randomUUID } from 'node:crypto';
import { chainIdOf } from './chain-id.ts';
import { startEngine } from './engine.ts';
import { type CacheAccess, imageName, type OciClient, parsePlatform } from './oci-client.ts';
import type { PrivateMachine } from './private-machine.ts';
import { listUnpacked } from './unpacked-root.ts';

interface Descriptor {
  readonly digest: string;
  readonly platform?: {
    readonly os: string;
    readonly architecture: string;
    readonly variant?: string;
  };
}
/** An index or an image's manifest. */
interface Manifest {
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
}
interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly rootfs: { readonly diff_ids: readonly string[] };
}
type Ctr = (...words: readonly string[]) => Promise<string>;

const hostsDir = '/etc/containerd/certs.d';
const native = '--snapshotter=native';

/** Content of one namespace is not shared with the next, which is how a client with nothing is made. */
const engineConfig = `version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[plugins."io.containerd.metadata.v1.bolt"]
  content_sharing_policy = "isolated"
`;

export async function containerdConfig(
  machine: PrivateMachine,
  { way, cacheUrl, registry }: CacheAccess,
): Promise<void> {
  await machine.write('/etc/containerd/config.toml', engineConfig);
  if (way !== 'mirror') return;
  const server = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const lines = [
    `server = "https://${server}"`,
    `[host."${cacheUrl}"]`,
    '  capabilities = ["pull", "resolve"]',
  ];
  await machine.write(`${hostsDir}/${registry}/hosts.toml`, `${lines.join('\n')}\n`);
}

/** containerd and its `ctr`, whose snapshotter is the one that needs no file system of its own. */
export async function openContainerd(
  machine: PrivateMachine,
  access: CacheAccess,
): Promise<OciClient | string> {
  const ready = /containerd successfully booted/;
  const engine = await startEngine(machine, { command: ['containerd'], ready });
  if (typeof engine === 'string') return engine;
  await using stack = new AsyncDisposableStack();
  stack.use(engine);
  const version = await machine.run(['containerd', '--version']);
  let round = 0;
  const ctrWords = () => ['ctr', '--namespace', `round-${round}`];
  const ctr: Ctr = async (...words) => (await machine.run([...ctrWords(), ...words])).stdout;
  const schemeFlags =
    access.way === 'mirror' || access.cacheUrl.startsWith('https:') ? [] : ['--plain-http'];
  const owned = stack.move();
  return {
    name: 'containerd',
    version: /\d+\.\d+\S*/.exec(version.stdout)?.[0] ?? version.stdout,
    directory: machine.directory,
    async pull(image, { platform, ...limits } = {}) {
      const name = imageName(access, image);
      const flags = [native, `--hosts-dir=${hostsDir}`, ...schemeFlags];
      const words = ['images', 'pull', ...flags, '--platform', parsePlatform(platform).platform];
      const { durationMs } = await machine.run([...ctrWords(), ...words, name], limits);
      const target = await targetOf(ctr, name);
      const configDigest = await configOf(ctr, target, platform);
      const config = JSON.parse(await ctr('content', 'get', configDigest)) as ImageConfig;
      return {
        name,
        manifestDigests: [target],
        configDigest,
        platform: `${config.os}/${config.architecture}`,
        files: await listUnpacked(machine.outside(await rootOf(ctr, config))),
        durationMs,
      };
    },
    async reset() {
      const names = (await ctr('images', 'ls', '--quiet'))
        .split('\n')
        .filter((name) => name !== '');
      if (names.length > 0) await ctr('images', 'rm', '--sync', ...names);
      round += 1;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Digest of what a name stands for. */
async function targetOf(ctr: Ctr, name: string): Promise<string> {
  const rows = (await ctr('images', 'ls', `name==${name}`))
    .split('\n')
    .map((row) => row.split(/\s+/));
  const [, , digest] = rows.find(([first]) => first === name) ?? [];
  if (digest === undefined) throw new TypeError(`ctr has no image ${name}`);
  return digest;
}

async function configOf(ctr: Ctr, digest: string, platform?: string): Promise<string> {
  const { os, architecture, variant } = parsePlatform(platform);
  const { manifests, config } = JSON.parse(await ctr('content', 'get', digest)) as Manifest;
  if (config !== undefined) return config.digest;
  const chosen = manifests?.find(
    ({ platform: has }) =>
      has?.os === os &&
      has.architecture === architecture &&
      (variant === undefined || has.variant === variant),
  );
  if (chosen === undefined) throw new TypeError(`${digest} has no image for ${platform}`);
  return configOf(ctr, chosen.digest, platform);
}

/**
 * The path inside: for this snapshotter, the mount of a view binds the directory of the topmost layer. Nothing refers to
 * the view, so containerd's garbage collection takes it away.
 */
async function rootOf(ctr: Ctr, { rootfs }: ImageConfig): Promise<string> {
  const view = ['snapshots', native, 'view', '--mounts', `view-${randomUUID()}`];
  const mounts = JSON.parse(await ctr(...view, chainIdOf(rootfs.diff_ids))) as readonly [
    { readonly Source: string },
  ];
  return mounts[0].Source;
}
