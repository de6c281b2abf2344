import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { runChecked as run } from '../../../src/process/run-command.ts';
import { isRoot, scratchDir } from '../scratch.ts';
import { bytesOf, joined, noise, partOf, pieces, whole } from './bytes.ts';
import { digestOf, streamDigest } from './digest.ts';
import { makeImage } from './made-image.ts';
import { parseManifest } from './parse-manifest.ts';
import { startRecordedOciRegistry } from './recorded-oci-registry.ts';
import { makeLayer } from './made-layer.ts';

const recipe = { seed: 5, layers: 2, layerBytes: 150_000 };
const whyNoClients = ['skopeo', 'umoci'].find((name) => !isInstalled(name));

describe('made images', () => {
  const scratch = scratchDir('oci-made');

  it('are the same each time, and others with another seed', async () => {
    const [one, same, other] = [
      await makeImage(recipe),
      await makeImage(recipe),
      await makeImage({ ...recipe, seed: 6 }),
    ];
    expect(same.manifests).toEqual(one.manifests);
    expect(other.manifests.at(-1)?.digest).not.toBe(one.manifests.at(-1)?.digest);
    const larger = await makeImage({ ...recipe, layers: 3 });
    const digests = (made: typeof one): string[] => made.blobs.slice(1).map(({ digest }) => digest);
    expect(digests(larger).slice(0, 2)).toEqual(digests(one));
  });

  it.each([
    ['gzip', 'noise'],
    ['gzip', 'text'],
    ['zstd', 'noise'],
    ['zstd', 'text'],
    ['none', 'noise'],
  ] as const)('have layers that unpack: %s of %s', async (compression, content) => {
    const common = { seed: 'x', name: 'one', sizeBytes: 200_001, algorithm: 'sha256' } as const;
    const layer = await makeLayer({ ...common, compression, content });
    const bytes = whole(layer.bytes);
    expect(digestOf(bytes)).toBe(layer.digest);
    const decode = { gzip: gunzipSync, zstd: zstdDecompressSync, none: (same: Buffer) => same };
    const tar = Buffer.from(decode[compression](bytes));
    expect(digestOf(tar)).toBe(layer.diffId);
    if (content === 'text') expect(bytes.length).toBeLessThan(0.7 * tar.length);
    const root = join(scratch, `${compression}-${content}`);
    mkdirSync(root);
    execFileSync('tar', ['-xf', '-', '-C', root], { input: tar });
    expect(readdirSync(join(root, 'opt/one'))).toEqual([
      'README',
      'large.bin',
      'link',
      'small.bin',
    ]);
    expect(statSync(join(root, 'opt/one/large.bin')).size).toBe(150_001);
    expect(readlinkSync(join(root, 'opt/one/link'))).toBe('README');
  });

  it('give any part of a layer as the whole has it', async () => {
    const common = { seed: 'y', name: 'one', sizeBytes: 400_000, algorithm: 'sha256' } as const;
    for (const compression of ['gzip', 'zstd', 'none'] as const) {
      const { bytes } = await makeLayer({ ...common, compression, content: 'noise' });
      const all = whole(bytes);
      expect(all.length).toBe(bytes.sizeBytes);
      expect(Buffer.concat([...pieces(bytes, 7_919)]).equals(all)).toBe(true);
      for (const from of [0, 9, 10, 11, 65_033, 65_034, 65_039, 65_536, 399_999]) {
        const part = bytes.slice(from, from + 66_000 > all.length ? all.length : from + 66_000);
        expect([compression, from, part.equals(all.subarray(from, from + 66_000))]).toEqual([
          compression,
          from,
          true,
        ]);
      }
    }
  });

  it('may be larger than memory', () => {
    const sizeBytes = 40 * 2 ** 30;
    const large = joined([bytesOf(Buffer.from('head')), noise('z', sizeBytes)]);
    const last = large.slice(large.sizeBytes - 100_000, large.sizeBytes);
    const other = large.slice(large.sizeBytes - 100_000 - 2 ** 20, large.sizeBytes - 2 ** 20);
    expect([last.length, last.equals(other)]).toEqual([100_000, false]);
    const again = partOf(noise('z', sizeBytes), sizeBytes - 50_000, sizeBytes);
    expect(whole(again).equals(last.subarray(50_000))).toBe(true);
  });

  it('are digested while they are made', async () => {
    const bytes = noise('d', 30_000_000);
    const hash = createHash('sha512').update(whole(bytes)).digest('hex');
    expect((await streamDigest(bytes, 'sha512')).digest).toBe(`sha512:${hash}`);
  });

  it('name what they hold', async () => {
    const platforms = ['linux/amd64', 'linux/arm/v7'];
    const made = await makeImage({ ...recipe, platforms, types: 'docker', algorithm: 'sha512' });
    const index = parseManifest(made.manifests.at(-1)?.bytes ?? Buffer.alloc(0));
    expect(index.mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json');
    expect(index.manifests?.map(({ platform }) => platform)).toEqual([
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm', variant: 'v7' },
    ]);
    const held = new Map(made.blobs.map(({ digest, bytes }) => [digest, bytes.sizeBytes]));
    for (const { bytes } of made.manifests.slice(0, -1)) {
      const { config, layers = [] } = parseManifest(bytes);
      expect(config?.digest.startsWith('sha512:')).toBe(true);
      for (const { digest, size } of layers) expect(held.get(digest)).toBe(size);
    }
    expect(made.blobs).toHaveLength(6);
  });

  it.skipIf(whyNoClients !== undefined || !isRoot)(
    `are pulled by skopeo and unpacked by umoci (needs root${whyNoClients === undefined ? '' : `, ${whyNoClients}`})`,
    async () => {
      const images = [
        { ...recipe, tags: ['gz'], platforms: ['linux/arm64', 'linux/amd64'] },
        { ...recipe, tags: ['docker'], types: 'docker', content: 'text' },
      ] as const;
      await using registry = await startRecordedOciRegistry({
        contents: [{ repository: 'library/app', images }],
        auth: { scheme: 'bearer' },
        cdn: {},
      });
      for (const tag of ['gz', 'docker']) {
        const layout = join(scratch, `layout-${tag}`);
        const from = `docker://${registry.host}/library/app:${tag}`;
        const flags = ['--src-tls-verify=false', '--override-arch=amd64', '--insecure-policy'];
        await run('skopeo', ['copy', ...flags, from, `oci:${layout}:it`]);
        const bundle = join(scratch, `bundle-${tag}`);
        await run('umoci', ['unpack', '--image', `${layout}:it`, bundle]);
        const readme = readFileSync(join(bundle, 'rootfs/opt/layer-1/README'), 'utf8');
        expect(readme).toBe('Layer layer-1 of seed 5 linux/amd64 1.\n');
      }
    },
  );
});

function isInstalled(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((directory) => {
    return statSync(join(directory, name), { throwIfNoEntry: false })?.isFile() === true;
  });
}
