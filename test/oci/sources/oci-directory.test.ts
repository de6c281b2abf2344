import { execFileSync } from 'node:child_process';
import {
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../../src/disk/temp-dir.ts';
import { encodedDigest, ociDigestOf, type OciDigest } from '../../../src/oci/oci-digest.ts';
import { openImageSource } from '../../../src/oci/open-image-source.ts';
import { buildImage, buildIndex, writeLayout, type TestImage } from '../support/build-image.ts';
import { collect, drain, noise } from '../support/byte-streams.ts';
import { rejectionOf } from '../support/failures.ts';
import { openLayer } from '../support/open-layer.ts';
import { makeTar } from '../support/make-tar.ts';
import { hasProgram } from '../support/programs.ts';

const amd64 = { platform: 'linux/amd64' };
const lower = makeTar({ 'etc/os-release': 'ID=test\n', 'data/noise': noise(700_000) });
const upper = makeTar({ 'etc/motd': 'hello\n' });
const image = buildImage({
  layers: [
    { tar: lower, compression: 'gzip' },
    { tar: upper, compression: 'zstd' },
    { tar: upper, compression: 'none' },
  ],
});

let temp: TempDir;
let count = 0;

beforeAll(async () => {
  temp = await createTempDir(tmpdir(), 'ashlar-oci');
});
afterAll(() => temp[Symbol.asyncDispose]());

async function layoutOf(images: Readonly<Record<string, TestImage>>): Promise<string> {
  const path = join(temp.path, `layout${count++}`);
  await mkdir(path);
  writeLayout(path, images);
  return path;
}

function blobFile(layout: string, digest: OciDigest): string {
  return join(layout, 'blobs/sha256', encodedDigest(digest));
}

/** Opens the only layer of an image that is wrong in some way, and reads it. */
async function readFirstLayer(layout: string) {
  await using source = await openImageSource(`oci:${layout}`, amd64);
  return drain(openLayer(source));
}

describe('oci:DIR', () => {
  it('gives configuration and layers, uncompressed', async () => {
    const layout = await layoutOf({ v1: image });
    await using source = await openImageSource(`oci:${layout}:v1`, amd64);
    expect(source).toMatchObject({
      description: `oci:${layout}:v1`,
      manifestDigest: image.digest,
      resolvedDigest: image.digest,
      config: { os: 'linux', architecture: 'amd64', config: { Env: ['PATH=/bin'], Cmd: ['sh'] } },
    });
    expect(source.layers.map(({ compression }) => compression)).toEqual(['gzip', 'zstd', 'none']);
    for (const [index, layer] of source.layers.entries()) {
      expect(layer.diffId).toBe(ociDigestOf(image.tars[index] ?? Buffer.alloc(0)));
      expect(layer.sizeBytes).toBe(image.blobs.get(layer.digest as OciDigest)?.length);
      expect((await collect(layer.open())).equals(image.tars[index] ?? Buffer.alloc(0))).toBe(true);
      // A second time, and two at a time.
      const [one, two] = await Promise.all([collect(layer.open()), collect(layer.open())]);
      expect(one.equals(two)).toBe(true);
    }
  });

  it('reads sha512 images', async () => {
    const wide = buildImage({ layers: [{ tar: upper, compression: 'gzip' }], algorithm: 'sha512' });
    await using source = await openImageSource(`oci:${await layoutOf({ a: wide })}`, amd64);
    expect(source.manifestDigest).toMatch(/^sha512:/);
    expect((await collect(openLayer(source))).equals(upper)).toBe(true);
  });

  it('takes bytes that are compressed otherwise than the media type says', async () => {
    const kept = gzipSync(upper);
    const odd = buildImage({ layers: [{ tar: upper, compression: 'zstd', kept }] });
    const { bytes, error } = await readFirstLayer(await layoutOf({ a: odd }));
    expect(error).toBeNull();
    expect(bytes.equals(upper)).toBe(true);
  });

  it('chooses by name and platform, and lists what there is', async () => {
    const arm = buildImage({
      layers: [{ tar: upper, compression: 'gzip' }],
      platform: { os: 'linux', architecture: 'arm64' },
    });
    const multi = buildIndex({ 'linux/arm64': arm, 'linux/amd64': image });
    const nested = buildIndex({ 'linux/amd64': multi });
    const layout = await layoutOf({ 'repo/multi:1': multi, single: image, nested });
    await using first = await openImageSource(`oci:${layout}:repo/multi:1`, amd64);
    expect(first.manifestDigest).toBe(image.digest);
    expect(first.resolvedDigest).toBe(multi.digest);
    await using other = await openImageSource(`oci:${layout}:repo/multi:1`, {
      platform: 'linux/arm64/v8',
    });
    expect(other.manifestDigest).toBe(arm.digest);
    await using inner = await openImageSource(`oci:${layout}:nested`, amd64);
    expect(inner.manifestDigest).toBe(image.digest);

    const open = (name: string, platform = 'linux/amd64') =>
      rejectionOf(() => openImageSource(`oci:${layout}${name}`, { platform }));
    expect(await open('')).toMatchObject({
      code: 'source_invalid',
      message: expect.stringContaining('3 images; the names are repo/multi:1, single, nested'),
    });
    expect(await open(':none')).toMatchObject({ code: 'source_invalid' });
    expect(await open(':repo/multi:1', 'linux/s390x')).toMatchObject({
      code: 'platform_unavailable',
      data: { offered: ['linux/arm64', 'linux/amd64'] },
    });
    expect(await open(':single', 'linux/arm64')).toMatchObject({
      code: 'platform_unavailable',
      data: { offered: ['linux/amd64'] },
    });
  });

  it.skipIf(!hasProgram('skopeo') || !hasProgram('umoci'))(
    'reads what skopeo and umoci write (skipped without them)',
    async () => {
      const made = join(temp.path, 'umoci');
      execFileSync('umoci', ['init', '--layout', made]);
      execFileSync('umoci', ['new', '--image', `${made}:fresh`]);
      const unpacked = join(temp.path, 'bundle');
      const rootless = process.getuid?.() === 0 ? [] : ['--rootless'];
      execFileSync('umoci', ['unpack', ...rootless, '--image', `${made}:fresh`, unpacked]);
      writeFileSync(join(unpacked, 'rootfs', 'hello'), 'from umoci');
      execFileSync('umoci', ['repack', '--image', `${made}:fresh`, unpacked]);
      const copy = join(temp.path, 'skopeo');
      execFileSync('skopeo', ['copy', '--insecure-policy', `oci:${made}:fresh`, `oci:${copy}:x`]);
      for (const name of [`oci:${made}:fresh`, `oci:${copy}:x`]) {
        await using source = await openImageSource(name);
        const tar = await collect(openLayer(source));
        expect(execFileSync('tar', ['-tf', '-'], { input: tar }).toString()).toContain('hello');
      }
    },
  );
});

describe('a hostile or damaged oci:DIR', () => {
  it('with a changed byte in a layer never ends cleanly', async () => {
    for (const compression of ['gzip', 'zstd', 'none'] as const) {
      const made = buildImage({ layers: [{ tar: lower, compression }] });
      const layout = await layoutOf({ a: made });
      const file = blobFile(layout, digestOfLayer(made));
      const bytes = readFileSync(file);
      bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 0x55;
      writeFileSync(file, bytes);
      expect((await readFirstLayer(layout)).error).toMatchObject({
        code: 'source_corrupt',
        message: expect.stringContaining(`layer 1 of 1 (${digestOfLayer(made)})`),
      });
    }
  });

  it('with a truncated layer fails before a byte is read', async () => {
    const layout = await layoutOf({ a: image });
    truncateSync(blobFile(layout, digestOfLayer(image)), 1000);
    const { bytes, error } = await readFirstLayer(layout);
    expect(bytes).toHaveLength(0);
    expect(error).toMatchObject({
      code: 'source_corrupt',
      message: expect.stringContaining('has 1000 bytes instead of'),
    });
  });

  it('with a gzip stream that ends early in an otherwise right blob names the offset', async () => {
    const kept = gzipSync(lower).subarray(0, 5000);
    const made = buildImage({ layers: [{ tar: lower, compression: 'gzip', kept }] });
    expect((await readFirstLayer(await layoutOf({ a: made }))).error).toMatchObject({
      code: 'source_corrupt',
      message: expect.stringMatching(/layer 1 of 1 \(.*\) ends early.* offset 5000$/),
    });
  });

  it('with a diffId of other bytes never ends cleanly', async () => {
    const kept = gzipSync(upper);
    const made = buildImage({ layers: [{ tar: lower, compression: 'gzip', kept }] });
    const { bytes, error } = await readFirstLayer(await layoutOf({ a: made }));
    expect(bytes.equals(upper)).toBe(true);
    expect(error).toMatchObject({
      code: 'source_corrupt',
      message: expect.stringContaining('once uncompressed'),
    });
  });

  it('with a diffId that equals the digest of compressed bytes is refused', async () => {
    const kept = gzipSync(upper);
    const made = buildImage({
      layers: [{ tar: upper, compression: 'gzip', kept }],
      changeConfig: (config) => ({
        ...config,
        rootfs: { type: 'layers', diff_ids: [ociDigestOf(kept)] },
      }),
    });
    expect((await readFirstLayer(await layoutOf({ a: made }))).error).toMatchObject({
      code: 'source_corrupt',
    });
  });

  it('with a blob that is a symbolic link, a directory or a named pipe does not read it', async () => {
    for (const kind of ['link', 'directory', 'pipe']) {
      const layout = await layoutOf({ a: image });
      const file = blobFile(layout, digestOfLayer(image));
      const elsewhere = join(temp.path, `elsewhere${count++}`);
      renameSync(file, elsewhere);
      if (kind === 'link') symlinkSync(elsewhere, file);
      else if (kind === 'directory') await mkdir(file);
      else execFileSync('mkfifo', [file]);
      expect((await readFirstLayer(layout)).error).toMatchObject({
        code: 'source_corrupt',
        message: expect.stringContaining('not a regular file'),
      });
    }
  });

  it('with a linked directory of blobs does not follow it', async () => {
    const layout = await layoutOf({ a: image });
    const elsewhere = join(temp.path, `elsewhere${count++}`);
    renameSync(join(layout, 'blobs/sha256'), elsewhere);
    symlinkSync(elsewhere, join(layout, 'blobs/sha256'));
    expect(await rejectionOf(() => openImageSource(`oci:${layout}`, amd64))).toMatchObject({
      code: 'source_corrupt',
    });
  });

  it('whose digests are paths is refused before a file is opened', async () => {
    const layout = await layoutOf({ a: image });
    const index = readFileSync(join(layout, 'index.json'), 'utf8');
    writeFileSync(join(layout, 'index.json'), index.replace(/sha256:\w+/, 'sha256:../../secret'));
    expect(await rejectionOf(() => openImageSource(`oci:${layout}`, amd64))).toMatchObject({
      code: 'image_invalid',
      message: expect.stringContaining('manifests[0].digest'),
    });
  });

  it('with another number of diffIds than layers is refused', async () => {
    const made = buildImage({
      layers: [{ tar: upper, compression: 'gzip' }],
      changeConfig: (config) => ({ ...config, rootfs: { type: 'layers', diff_ids: [] } }),
    });
    const layout = await layoutOf({ a: made });
    expect(await rejectionOf(() => openImageSource(`oci:${layout}`, amd64))).toMatchObject({
      code: 'image_invalid',
      message: expect.stringContaining('1 layers, the configuration 0 diff_ids'),
    });
  });

  it('with indexes nested without end is refused', async () => {
    let made: TestImage = image;
    for (let depth = 0; depth < 6; depth += 1) made = buildIndex({ 'linux/amd64': made });
    const layout = await layoutOf({ a: made });
    expect(await rejectionOf(() => openImageSource(`oci:${layout}`, amd64))).toMatchObject({
      code: 'image_invalid',
      message: expect.stringContaining('nested more than 4 levels'),
    });
  });

  it('without its marker or index, or not there at all, is no layout', async () => {
    for (const missing of ['oci-layout', 'index.json', '']) {
      const layout = await layoutOf({ a: image });
      rmSync(join(layout, missing), { recursive: true });
      expect(await rejectionOf(() => openImageSource(`oci:${layout}`, amd64))).toMatchObject({
        code: 'source_invalid',
        message: expect.stringContaining('not an OCI image layout'),
      });
    }
  });
});

function digestOfLayer(made: TestImage): OciDigest {
  const { layers } = JSON.parse(made.bytes.toString()) as { layers: { digest: OciDigest }[] };
  return layers[0]?.digest as OciDigest;
}
