import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { AshlarError } from '../src/index.ts';

/** An image in a directory, in the OCI layout (OCI Image Specification 1.1, image-layout.md). */
export interface OciLayout {
  readonly path: string;
  readonly tag: string;
  /** Digests of the layers as stored. */
  readonly layers: readonly string[];
  /** Compressed. */
  readonly layerBytes: number;
}

const tag = 'bench';

/** Writes a layout with one gzip layer, from a tar file. The architecture is this machine's. */
export async function writeOneLayerLayout(
  path: string,
  archive: string,
  signal: AbortSignal,
): Promise<void> {
  const blobs = join(path, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const plain = hashing();
  const packed = hashing();
  const unnamed = join(blobs, 'layer');
  const streams = [plain.stream, createGzip(), packed.stream] as const;
  await pipeline(createReadStream(archive), ...streams, createWriteStream(unnamed), { signal });
  const layer = packed.result();
  await rename(unnamed, join(blobs, layer.digest.slice('sha256:'.length)));
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = { type: 'layers', diff_ids: [plain.result().digest] };
  const config = await putJson(blobs, { architecture, os: 'linux', config: {}, rootfs });
  const manifest = await putJson(blobs, {
    schemaVersion: 2,
    mediaType: `${media}.manifest.v1+json`,
    config: { mediaType: `${media}.config.v1+json`, ...config },
    layers: [{ mediaType: `${media}.layer.v1.tar+gzip`, ...layer }],
  });
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  const index = {
    schemaVersion: 2,
    manifests: [{ mediaType: `${media}.manifest.v1+json`, ...manifest, annotations }],
  };
  await writeFile(join(path, 'index.json'), JSON.stringify(index));
  await writeFile(join(path, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

/** Opens a layout that holds one image, tagged `bench`. */
export async function openOciLayout(path: string): Promise<OciLayout> {
  const index = await readJson<{ manifests: Descriptor[] }>(join(path, 'index.json'));
  const [image] = index.manifests;
  if (image === undefined) throw new AshlarError('internal', `the layout ${path} is empty`);
  const blob = join(path, 'blobs', image.digest.replace(':', '/'));
  const { layers } = await readJson<{ layers: Descriptor[] }>(blob);
  return {
    path,
    tag,
    layers: layers.map(({ digest }) => digest),
    layerBytes: layers.reduce((sum, { size }) => sum + size, 0),
  };
}

const media = 'application/vnd.oci.image';

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

function hashing(): { stream: Transform; result: () => Descriptor } {
  const hash = createHash('sha256');
  let size = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, result: () => ({ digest: `sha256:${hash.digest('hex')}`, size }) };
}

async function putJson(blobs: string, value: object): Promise<Descriptor> {
  const text = JSON.stringify(value);
  const hex = createHash('sha256').update(text).digest('hex');
  await writeFile(join(blobs, hex), text);
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}
