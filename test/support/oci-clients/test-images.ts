import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runChecked } from '../../../src/process/run-command.ts';
import { noise } from '../../oci/support/byte-streams.ts';
import {
  buildImage,
  buildIndex,
  type TestImage,
  writeLayout,
} from '../../oci/support/build-image.ts';
import { tarOf } from '../../oci/support/make-tar.ts';
import { listUnpacked } from './unpacked-root.ts';

/** What a client has to have after a pull of one platform. */
export interface ExpectedImage {
  readonly manifestDigest: string;
  readonly configDigest: string;
  readonly layerDigests: readonly string[];
  /** As `listUnpacked` lists the root, of a tree that was never in an image. */
  readonly files: readonly string[];
}

export interface TestImages {
  readonly indexDigest: string;
  readonly platforms: Readonly<Record<'linux/amd64' | 'linux/arm64', ExpectedImage>>;
}

/**
 * Puts an image of three layers for two platforms, with whiteouts, into a registry (`127.0.0.1:PORT`) as REPOSITORY:oci,
 * and in the form of Docker as REPOSITORY:docker. Works in `directory`.
 */
export async function pushTestImages(
  directory: string,
  { host, repository }: { readonly host: string; readonly repository: string },
): Promise<TestImages> {
  const amd64 = await makeImage(directory, 'amd64');
  const arm64 = await makeImage(directory, 'arm64');
  const index = buildIndex({ 'linux/arm64': arm64.image, 'linux/amd64': amd64.image });
  writeLayout(join(directory, 'layout'), { index });
  const copy = ['--insecure-policy', 'copy', '--quiet', '--all', '--dest-tls-verify=false'];
  const from = `oci:${directory}/layout:index`;
  const push = (tag: string, ...flags: readonly string[]) =>
    runChecked('skopeo', [...copy, ...flags, from, `docker://${host}/${repository}:${tag}`]);
  await push('oci', '--preserve-digests');
  await push('docker', '--format=v2s2');
  return {
    indexDigest: index.digest,
    platforms: { 'linux/amd64': amd64.expected, 'linux/arm64': arm64.expected },
  };
}

/** Files by path: content, permissions, or the target of a link. */
type Tree = Readonly<Record<string, TreeFile>>;
type TreeFile =
  | string
  | Buffer
  | { readonly link: string }
  | { readonly mode: number; readonly content?: string };

const large = noise(2_000_000);
const shared = { 'etc/os-release': 'ID=test\n', 'usr/lib/large': large };
const tool = {
  'usr/bin/tool': { mode: 0o4755, content: '#!/bin/sh\n' },
  'usr/bin/alias': { link: 'tool' },
};

function layersOf(architecture: string): readonly Tree[] {
  const lowest = {
    'etc/gone': 'x',
    'etc/changed': 'before',
    'data/old/deep': 'x',
    ...shared,
    ...tool,
  };
  const middle = {
    'etc/.wh.gone': '',
    'etc/changed': 'after',
    'data/.wh..wh..opq': '',
    'data/new': 'y',
  };
  return [lowest, middle, { 'etc/architecture': architecture, 'var/spool/': { mode: 0o1777 } }];
}

function resultOf(architecture: string): Tree {
  const changed = { 'etc/changed': 'after', 'data/new': 'y', 'etc/architecture': architecture };
  return { ...shared, ...tool, ...changed, 'var/spool/': { mode: 0o1777 } };
}

async function makeImage(
  directory: string,
  architecture: string,
): Promise<{ readonly image: TestImage; readonly expected: ExpectedImage }> {
  const tars: Buffer[] = [];
  for (const [at, layer] of layersOf(architecture).entries()) {
    const root = join(directory, `${architecture}-layer-${at}`);
    await writeTree(root, layer);
    tars.push(tarOf(root));
  }
  const result = join(directory, `${architecture}-result`);
  await writeTree(result, resultOf(architecture));
  const image = buildImage({
    layers: tars.map((tar) => ({ tar, compression: 'gzip' })),
    platform: { os: 'linux', architecture },
  });
  const { config, layers } = JSON.parse(image.bytes.toString()) as {
    readonly config: { readonly digest: string };
    readonly layers: readonly { readonly digest: string }[];
  };
  const expected = {
    manifestDigest: image.digest,
    configDigest: config.digest,
    layerDigests: layers.map(({ digest }) => digest),
    files: await listUnpacked(result),
  };
  return { image, expected };
}

/** A path that ends with a slash is a directory. */
async function writeTree(root: string, tree: Tree): Promise<void> {
  await mkdir(root);
  for (const [path, file] of Object.entries(tree)) {
    const full = join(root, path);
    await makeDirectories(root, path.endsWith('/') ? full : dirname(full));
    if (typeof file === 'string' || Buffer.isBuffer(file)) await writeMode(full, 0o644, file);
    else if ('link' in file) await symlink(file.link, full);
    else if (path.endsWith('/')) await chmod(full, file.mode);
    else await writeMode(full, file.mode, file.content ?? '');
  }
}

/** Those below the root have the same permissions, whatever the umask. */
async function makeDirectories(root: string, path: string): Promise<void> {
  if (path === root) return;
  await makeDirectories(root, dirname(path));
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
}

async function writeMode(full: string, mode: number, content: string | Buffer): Promise<void> {
  await writeFile(full, content);
  await chmod(full, mode);
}
