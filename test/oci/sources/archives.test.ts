import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../../src/disk/temp-dir.ts';
import type { ImageSource } from '../../../src/oci/image-source.ts';
import { ociDigestOf } from '../../../src/oci/oci-digest.ts';
import { openImageSource } from '../../../src/oci/open-image-source.ts';
import { buildImage, writeLayout } from '../support/build-image.ts';
import { collect, drain, noise } from '../support/byte-streams.ts';
import { rejectionOf } from '../support/failures.ts';
import { openLayer } from '../support/open-layer.ts';
import { makeTar, tarOf } from '../support/make-tar.ts';
import { hasProgram } from '../support/programs.ts';

const lower = makeTar({ 'etc/os-release': 'ID=test\n', 'data/noise': noise(600_000) });
const upper = makeTar({ 'etc/motd': 'hello\n' });
const image = buildImage({
  layers: [
    { tar: lower, compression: 'gzip' },
    { tar: upper, compression: 'gzip' },
  ],
});
const expectedDigests = [lower, upper].map((tar) => ociDigestOf(tar));
const canSkopeo = hasProgram('skopeo');
const formats = ['--format=gnu', '--format=pax', '--format=ustar'] as const;

let temp: TempDir;
let layout: string;
let tmpDir: string;
let count = 0;

beforeAll(async () => {
  temp = await createTempDir(tmpdir(), 'ashlar-archives');
  layout = join(temp.path, 'layout');
  tmpDir = join(temp.path, 'tmp');
  writeLayout(layout, { v1: image, 'example.com/other:2': image });
});
afterAll(() => temp[Symbol.asyncDispose]());

function open(source: string): Promise<ImageSource> {
  return openImageSource(source, { platform: 'linux/amd64', tmpDir });
}

function fileOf(bytes: Buffer, name = `archive${count++}`): string {
  const path = join(temp.path, name);
  writeFileSync(path, bytes);
  return path;
}

async function digestsOf(source: ImageSource): Promise<readonly string[]> {
  const tars = await Promise.all(source.layers.map((layer) => collect(layer.open())));
  return tars.map((tar) => ociDigestOf(tar));
}

describe('oci-archive:FILE', () => {
  it.each(formats)('reads a layout in a tar of GNU tar with %s', async (format) => {
    const path = fileOf(tarOf(layout, format));
    await using source = await open(`oci-archive:${path}:v1`);
    expect(source.manifestDigest).toBe(image.digest);
    expect(source.description).toBe(`oci-archive:${path}:v1`);
    expect(await digestsOf(source)).toEqual(expectedDigests);
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('makes a %s archive plain while it is open, and leaves nothing', async (_, compress) => {
    const path = fileOf(compress(tarOf(layout)));
    {
      await using source = await open(`oci-archive:${path}:example.com/other:2`);
      expect(readdirSync(tmpDir)).toHaveLength(1);
      expect(await digestsOf(source)).toEqual(expectedDigests);
    }
    expect(readdirSync(tmpDir)).toEqual([]);
  });

  it('leaves nothing when opening fails', async () => {
    const path = fileOf(gzipSync(tarOf(layout)));
    expect(await rejectionOf(() => open(`oci-archive:${path}:none`))).toMatchObject({
      code: 'source_invalid',
    });
    expect(readdirSync(tmpDir)).toEqual([]);
  });

  it.skipIf(!canSkopeo)('reads what skopeo writes (skipped without skopeo)', async () => {
    const path = join(temp.path, 'skopeo-oci.tar');
    skopeo(`oci:${layout}:v1`, `oci-archive:${path}:v9`);
    await using source = await open(`oci-archive:${path}:v9`);
    expect(source.manifestDigest).toBe(image.digest);
    expect(await digestsOf(source)).toEqual(expectedDigests);
  });
});

describe('docker-archive:FILE', () => {
  it.skipIf(!canSkopeo)('reads what skopeo writes (skipped without skopeo)', async () => {
    const path = join(temp.path, 'skopeo-docker.tar');
    skopeo(`oci:${layout}:v1`, `docker-archive:${path}:example.com/a/b:3`);
    for (const name of ['', ':example.com/a/b:3']) {
      await using source = await open(`docker-archive:${path}${name}`);
      expect(source.manifestDigest).toBeNull();
      expect(source.config?.config.Env).toEqual(['PATH=/bin']);
      expect(source.layers[0]).toMatchObject({ digest: null, compression: 'detect' });
      expect(await digestsOf(source)).toEqual(expectedDigests);
    }
    expect(await rejectionOf(() => open(`docker-archive:${path}:example.com/a/b:4`))).toMatchObject(
      {
        code: 'source_invalid',
        message: expect.stringContaining('the tags are example.com/a/b:3'),
      },
    );
  });

  it('reads the old form, whose equal layers are links', async () => {
    const root = savedImage({ layers: ['aa/layer.tar', 'bb/layer.tar'] });
    mkdirSync(join(root, 'aa'));
    mkdirSync(join(root, 'bb'));
    writeFileSync(join(root, 'content.tar'), lower);
    symlinkSync('../content.tar', join(root, 'aa/layer.tar'));
    writeFileSync(join(root, 'bb/layer.tar'), upper);
    for (const path of [fileOf(tarOf(root)), fileOf(gzipSync(tarOf(root)))]) {
      await using source = await open(`docker-archive:${path}:library/app:1`);
      expect(await digestsOf(source)).toEqual(expectedDigests);
    }
  });

  it('reads the new form with an OCI layout inside, and proves its digests', async () => {
    const digests = [lower, upper].map((tar) => ociDigestOf(tar).slice(7));
    const root = savedImage({ layers: digests.map((hex) => `blobs/sha256/${hex}`) });
    mkdirSync(join(root, 'blobs/sha256'), { recursive: true });
    for (const [at, hex] of digests.entries()) {
      writeFileSync(join(root, 'blobs/sha256', hex), [lower, upper][at] ?? '');
    }
    await using source = await open(`docker-archive:${fileOf(tarOf(root))}`);
    expect(source.layers.map(({ digest }) => digest)).toEqual(
      digests.map((hex) => `sha256:${hex}`),
    );
    expect(await digestsOf(source)).toEqual(expectedDigests);
  });

  it('never ends a layer cleanly that is not what the configuration says', async () => {
    const root = savedImage({ layers: ['a.tar', 'b.tar'] });
    writeFileSync(join(root, 'a.tar'), upper);
    writeFileSync(join(root, 'b.tar'), upper);
    await using source = await open(`docker-archive:${fileOf(tarOf(root))}`);
    const { error } = await drain(openLayer(source));
    expect(error).toMatchObject({
      code: 'source_corrupt',
      message: expect.stringContaining('layer 1 of 2 has the digest'),
    });
  });

  it('says what is missing', async () => {
    const noLayer = fileOf(tarOf(savedImage({ layers: ['a.tar', '../../../etc/passwd'] })));
    expect(await rejectionOf(() => open(`docker-archive:${noLayer}`))).toMatchObject({
      code: 'source_corrupt',
      message: expect.stringContaining('has no file "a.tar"'),
    });
    const layoutFile = fileOf(tarOf(layout));
    expect(await rejectionOf(() => open(`docker-archive:${layoutFile}`))).toMatchObject({
      code: 'source_invalid',
      hint: expect.stringContaining('oci-archive:'),
    });
  });

  it('refuses a configuration that is not what its name says', async () => {
    const root = savedImage({ layers: [], config: `${'0'.repeat(64)}.json` });
    expect(await rejectionOf(() => open(`docker-archive:${fileOf(tarOf(root))}`))).toMatchObject({
      code: 'source_corrupt',
      message: expect.stringContaining('has the digest'),
    });
  });
});

describe('a damaged archive', () => {
  it.each([
    ['text', Buffer.from('this is no tar at all, but long enough for a header. '.repeat(20))],
    ['cut off within a member', tarOfLayoutStart(200_000)],
  ])('of %s is refused', async (_, bytes) => {
    const failure = await rejectionOf(() => open(`oci-archive:${fileOf(bytes)}:v1`));
    expect(failure).toMatchObject({
      code: expect.stringMatching(/^source_/),
      message: expect.stringMatching(/tar header|ends early/),
    });
  });

  it('that is cut off within its compression is refused', async () => {
    for (const compress of [gzipSync, zstdCompressSync]) {
      const bytes = compress(tarOf(layout));
      const path = fileOf(bytes.subarray(0, bytes.length / 2));
      expect(await rejectionOf(() => open(`oci-archive:${path}`))).toMatchObject({
        code: 'source_corrupt',
        message: expect.stringMatching(/the archive ends early.* offset \d+/),
      });
    }
    expect(readdirSync(tmpDir)).toEqual([]);
  });

  it('with the same member twice is refused, since readers differ in which one counts', async () => {
    const path = fileOf(tarOf(layout));
    execFileSync('tar', ['-rf', path, '-C', layout, './index.json']);
    expect(await rejectionOf(() => open(`oci-archive:${path}:v1`))).toMatchObject({
      code: 'source_corrupt',
      message: expect.stringContaining('"index.json" twice'),
    });
  });

  it('that is missing or a directory is named', async () => {
    expect(await rejectionOf(() => open(`tar:${temp.path}/none`))).toMatchObject({
      code: 'source_invalid',
      message: `tar:${temp.path}/none: there is no such file`,
    });
    expect(await rejectionOf(() => open(`docker-archive:${temp.path}`))).toMatchObject({
      code: 'source_invalid',
      message: expect.stringContaining('not a regular file'),
    });
  });
});

describe('tar:FILE', () => {
  const compressed: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ['plain', (bytes) => bytes],
    ['gzip', (bytes) => gzipSync(bytes)],
    ['zstd', (bytes) => zstdCompressSync(bytes)],
    ...(hasProgram('xz')
      ? [
          [
            'xz',
            (bytes: Buffer) => execFileSync('xz', ['-c0'], { input: bytes, maxBuffer: 1e9 }),
          ] as const,
        ]
      : []),
  ];

  it.each(compressed)('reads a %s tar as one layer', async (_, compress) => {
    const path = fileOf(compress(lower), `with:colons@${count++}`);
    await using source = await open(`tar:${path}`);
    expect(source).toMatchObject({ config: null, manifestDigest: null });
    expect(source.layers).toHaveLength(1);
    expect(source.layers[0]).toMatchObject({
      digest: null,
      diffId: null,
      sizeBytes: readFileSync(path).length,
      compression: 'detect',
    });
    expect((await collect(openLayer(source))).equals(lower)).toBe(true);
  });

  it('can be left in the middle, and opened again, and keeps no file open after all', async () => {
    const openBefore = readdirSync('/proc/self/fd').length;
    {
      await using source = await open(`tar:${fileOf(gzipSync(lower))}`);
      for (let round = 0; round < 3; round += 1) {
        for await (const chunk of openLayer(source)) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
      }
      expect((await collect(openLayer(source))).equals(lower)).toBe(true);
    }
    expect(readdirSync('/proc/self/fd')).toHaveLength(openBefore);
  });

  it('stops with the reason of the signal', async () => {
    await using source = await open(`tar:${fileOf(gzipSync(lower))}`);
    const reason = new Error('enough');
    const { bytes, error } = await drain(openLayer(source, 0, AbortSignal.abort(reason)));
    expect(bytes).toHaveLength(0);
    expect(error).toBe(reason);
  });
});

describe('names of sources', () => {
  it.each([
    '',
    'ubuntu',
    'tar:',
    'oci:',
    'oci:dir:',
    'oci-archive:',
    'docker:x',
    'dir:x',
    'oci:a\0',
  ])('%j is refused', async (source) => {
    expect(await rejectionOf(() => open(source))).toMatchObject({ code: 'source_invalid' });
  });

  it.each(['docker://', 'docker://UPPER', 'docker-archive:x:Wrong'])(
    '%j has a wrong reference',
    async (source) => {
      expect(await rejectionOf(() => open(source))).toMatchObject({ code: 'reference_invalid' });
    },
  );
});

function skopeo(from: string, to: string): void {
  execFileSync('skopeo', ['copy', '--insecure-policy', from, to], { stdio: 'pipe' });
}

function tarOfLayoutStart(sizeBytes: number): Buffer {
  return makeTar({ 'oci-layout': '{}', big: noise(2 * sizeBytes) }).subarray(0, sizeBytes);
}

/** A directory as `docker save` packs it, but for the layers. */
function savedImage(plan: {
  readonly layers: readonly string[];
  readonly config?: string;
}): string {
  const root = join(temp.path, `saved${count++}`);
  mkdirSync(root);
  const diffIds = plan.layers.length === 0 ? [] : [lower, upper].map((tar) => ociDigestOf(tar));
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  const name = plan.config ?? `${ociDigestOf(Buffer.from(config)).slice(7)}.json`;
  writeFileSync(join(root, name), config);
  const manifest = [{ Config: name, RepoTags: ['app:1'], Layers: plan.layers }];
  writeFileSync(join(root, 'manifest.json'), JSON.stringify(manifest));
  return root;
}
