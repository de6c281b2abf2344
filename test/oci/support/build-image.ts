import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import {
  digestAlgorithm,
  encodedDigest,
  ociDigestOf,
  type DigestAlgorithm,
  type OciDigest,
} from '../../../src/oci/oci-digest.ts';

/** Content by digest, with what a registry would call it. */
export interface TestImage {
  readonly mediaType: string;
  readonly digest: OciDigest;
  readonly bytes: Buffer;
  /** Manifests of an index, with their media types; the image's own manifest is not among them. */
  readonly manifests: ReadonlyMap<OciDigest, { bytes: Buffer; mediaType: string }>;
  readonly blobs: ReadonlyMap<OciDigest, Buffer>;
  /** The uncompressed tars, the lowest first. */
  readonly tars: readonly Buffer[];
}

export interface TestLayer {
  readonly tar: Buffer;
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Replaces the kept bytes, to make wrong images. */
  readonly kept?: Buffer;
}

export interface ImagePlan {
  readonly layers: readonly TestLayer[];
  readonly flavour?: 'oci' | 'docker';
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly algorithm?: DigestAlgorithm;
  /** Changes to the manifest and configuration before they are written. */
  readonly changeManifest?: (manifest: Record<string, unknown>) => unknown;
  readonly changeConfig?: (config: Record<string, unknown>) => unknown;
}

const types = {
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    index: 'application/vnd.oci.image.index.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    none: 'application/vnd.oci.image.layer.v1.tar',
    gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
    zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  },
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    none: 'application/vnd.docker.image.rootfs.diff.tar',
    gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    zstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  },
} as const;

export function buildImage(plan: ImagePlan): TestImage {
  const { layers, flavour = 'oci', algorithm = 'sha256' } = plan;
  const names = types[flavour];
  const blobs = new Map<OciDigest, Buffer>();
  const descriptor = (mediaType: string, bytes: Buffer) => {
    const digest = ociDigestOf(bytes, algorithm);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const config = {
    ...(plan.platform ?? { os: 'linux', architecture: 'amd64' }),
    created: '2024-01-01T00:00:00Z',
    config: { Env: ['PATH=/bin'], Cmd: ['sh'], Labels: { made: 'test' } },
    rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => ociDigestOf(tar)) },
    history: layers.map((_, index) => ({ created_by: `layer ${index}` })),
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: names.manifest,
    config: descriptor(names.config, jsonOf(plan.changeConfig?.(config) ?? config)),
    layers: layers.map((layer) => descriptor(names[layer.compression], keptOf(layer))),
  };
  const bytes = jsonOf(plan.changeManifest?.(manifest) ?? manifest);
  return {
    mediaType: names.manifest,
    digest: ociDigestOf(bytes, algorithm),
    bytes,
    manifests: new Map(),
    blobs,
    tars: layers.map(({ tar }) => tar),
  };
}

/** An index of images, by platform. */
export function buildIndex(
  images: Readonly<Record<string, TestImage>>,
  flavour: 'oci' | 'docker' = 'oci',
): TestImage {
  const manifests = new Map<OciDigest, { bytes: Buffer; mediaType: string }>();
  const blobs = new Map<OciDigest, Buffer>();
  const entries = Object.entries(images).map(([name, image]) => {
    const [os, architecture, variant] = name.split('/');
    const { mediaType, bytes, digest } = image;
    manifests.set(digest, { bytes, mediaType });
    for (const [inner, value] of image.manifests) manifests.set(inner, value);
    for (const [inner, value] of image.blobs) blobs.set(inner, value);
    return { mediaType, digest, size: bytes.length, platform: { os, architecture, variant } };
  });
  const mediaType = types[flavour].index;
  const bytes = jsonOf({ schemaVersion: 2, mediaType, manifests: entries });
  return { mediaType, bytes, digest: ociDigestOf(bytes), manifests, blobs, tars: [] };
}

/** Writes images as an OCI layout, under their names. */
export function writeLayout(directory: string, images: Readonly<Record<string, TestImage>>): void {
  writeFileSync(mkdirAt(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const put = (digest: OciDigest, bytes: Buffer): void => {
    const path = `blobs/${digestAlgorithm(digest)}/${encodedDigest(digest)}`;
    writeFileSync(mkdirAt(directory, path), bytes);
  };
  const manifests = Object.entries(images).map(([name, image]) => {
    const { mediaType, digest, bytes } = image;
    put(digest, bytes);
    for (const [inner, value] of image.manifests) put(inner, value.bytes);
    for (const [inner, value] of image.blobs) put(inner, value);
    const annotations = { 'org.opencontainers.image.ref.name': name };
    return { mediaType, digest, size: bytes.length, annotations };
  });
  writeFileSync(join(directory, 'index.json'), jsonOf({ schemaVersion: 2, manifests }));
}

function mkdirAt(directory: string, path: string): string {
  const full = join(directory, path);
  mkdirSync(join(full, '..'), { recursive: true });
  return full;
}

function keptOf({ tar, compression, kept }: TestLayer): Buffer {
  if (kept !== undefined) return kept;
  if (compression === 'none') return tar;
  return compression === 'gzip' ? gzipSync(tar, { level: 1 }) : zstdCompressSync(tar);
}

function jsonOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
