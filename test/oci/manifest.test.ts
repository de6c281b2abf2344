import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { parseManifest, type Manifest } from '../../src/oci/manifest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { ociDigestOf } from '../../src/oci/oci-digest.ts';
import { thrownBy } from './support/failures.ts';

const origin = { description: 'oci:x', corruptCode: 'source_corrupt' } as const;
const digest = ociDigestOf(Buffer.from('x'));
const config = { mediaType: mediaTypes.ociConfig, digest, size: 1 };
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: 10 };
const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
const entry = {
  mediaType: mediaTypes.ociManifest,
  digest,
  size: 5,
  platform: { os: 'linux', architecture: 'amd64' },
};
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] };

describe('parseManifest', () => {
  it('reads an image manifest of OCI and of Docker, with and without its own media type', () => {
    const { mediaType: _, ...untyped } = image;
    const expected = {
      kind: 'image',
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest, sizeBytes: 1 },
      layers: [{ mediaType: layer.mediaType, digest, sizeBytes: 10, compression: 'gzip' }],
    };
    expect(parse(image)).toEqual(expected);
    expect(parse(image, mediaTypes.ociManifest)).toEqual(expected);
    expect(parse(image, 'application/json; charset=utf-8')).toEqual(expected);
    expect(parse(untyped)).toEqual(expected);
    expect(parse(untyped, mediaTypes.ociManifest)).toEqual(expected);
    const docker = {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: { ...config, mediaType: mediaTypes.dockerConfig },
      layers: [{ ...layer, mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' }],
    };
    expect(parse(docker)).toMatchObject({ kind: 'image', mediaType: mediaTypes.dockerManifest });
  });

  it('knows the compression of every layer type', () => {
    const types = {
      'application/vnd.oci.image.layer.v1.tar': 'none',
      'application/vnd.oci.image.layer.v1.tar+gzip': 'gzip',
      'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd',
      'application/vnd.docker.image.rootfs.diff.tar': 'none',
      'application/vnd.docker.image.rootfs.diff.tar.gzip': 'gzip',
      'application/vnd.docker.image.rootfs.diff.tar.zstd': 'zstd',
    };
    for (const [mediaType, compression] of Object.entries(types)) {
      const parsed = parse({ ...image, layers: [{ ...layer, mediaType }] });
      expect(parsed).toMatchObject({ layers: [{ compression }] });
    }
  });

  it('reads an index with its platforms and annotations', () => {
    const annotations = { 'org.opencontainers.image.ref.name': 'a', __proto__x: 'b' };
    expect(parse({ ...index, manifests: [{ ...entry, annotations }] })).toEqual({
      kind: 'index',
      mediaType: mediaTypes.ociIndex,
      entries: [
        {
          mediaType: mediaTypes.ociManifest,
          digest,
          sizeBytes: 5,
          platform: { os: 'linux', architecture: 'amd64', variant: null },
          annotations,
        },
      ],
    });
  });

  it.each([
    ['a negative size', { ...image, layers: [{ ...layer, size: -1 }] }, /layers\[0\]\.size/],
    ['a fractional size', { ...image, layers: [{ ...layer, size: 1.5 }] }, /layers\[0\]\.size/],
    ['a size as text', { ...image, config: { ...config, size: '1' } }, /config\.size/],
    ['an absurd size', { ...image, layers: [{ ...layer, size: 1e300 }] }, /layers\[0\]\.size/],
    [
      'no digest',
      { ...image, layers: [{ ...layer, digest: undefined }] },
      /no layers\[0\]\.digest/,
    ],
    [
      'a digest that is a path',
      { ...image, layers: [{ ...layer, digest: 'sha256:../../../etc/shadow' }] },
      /wrong digest in layers\[0\]\.digest/,
    ],
    ['no layers', { ...image, layers: undefined }, /no layers/],
    ['layers that are no list', { ...image, layers: { 0: layer } }, /must be a list/],
    ['a layer that is null', { ...image, layers: [null] }, /layers\[0\]/],
    ['no config', { ...image, config: undefined }, /no config/],
    [
      '1,001 layers',
      { ...image, layers: Array.from({ length: 1001 }, () => layer) },
      /1001 entries in layers/,
    ],
    ['the fields of both kinds', { ...image, manifests: [] }, /both "manifests" and "layers"/],
    ['an index that says it is an image', { ...index, mediaType: image.mediaType }, /index/],
    ['an image that says it is an index', { ...image, mediaType: index.mediaType }, /image/],
    ['schemaVersion 3', { ...image, schemaVersion: 3 }, /schemaVersion 3/],
    ['no schemaVersion', { ...image, schemaVersion: undefined }, /no schemaVersion/],
    ['a list', [], /top level/],
    ['null', null, /top level/],
    [
      'an architecture that is a number',
      {
        ...index,
        manifests: [{ ...entry, platform: { os: 'linux', architecture: 64 } }],
      },
      /platform\.architecture/,
    ],
    ['a NUL in a name', { ...index, manifests: [{ ...entry, mediaType: 'a\0b' }] }, /NUL/],
  ])('refuses %s as image_invalid', (_, document, problem) => {
    expect(thrownBy(() => parse(document))).toMatchObject(failure('image_invalid', problem));
  });

  it('refuses a kind that contradicts the descriptor (CVE-2021-41190)', () => {
    expect(thrownBy(() => parse(image, mediaTypes.ociIndex))).toMatchObject(
      failure('image_invalid', /Content-Type/),
    );
    expect(thrownBy(() => parse(index, mediaTypes.dockerManifest))).toMatchObject(
      failure('image_invalid', /Content-Type/),
    );
  });

  it.each([
    ['schema 1', { schemaVersion: 1, name: 'x', fsLayers: [] }, /schema 1/],
    [
      'signed schema 1',
      { ...image, mediaType: 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
      /schema 1/,
    ],
    [
      'an unknown manifest type',
      { ...image, mediaType: 'application/vnd.x' },
      /"application\/vnd\.x"/,
    ],
    [
      'an unknown layer type',
      { ...image, layers: [layer, { ...layer, mediaType: 'application/wasm' }] },
      /layer 2 of 2 \(sha256:.*application\/wasm/,
    ],
    [
      'a foreign layer',
      {
        ...image,
        layers: [
          {
            ...layer,
            mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
            urls: ['http://x'],
          },
        ],
      },
      /not distributable/,
    ],
    [
      'a nondistributable layer',
      {
        ...image,
        layers: [
          { ...layer, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' },
        ],
      },
      /not distributable/,
    ],
    [
      'an encrypted layer',
      { ...image, layers: [{ ...layer, mediaType: `${layer.mediaType}+encrypted` }] },
      /encrypted/,
    ],
    [
      'an artifact',
      {
        ...image,
        artifactType: 'application/vnd.example.sbom',
        config: { ...config, mediaType: mediaTypes.ociEmpty },
      },
      /not a container image, but an artifact of type application\/vnd\.example\.sbom/,
    ],
    [
      'a Helm chart',
      { ...image, config: { ...config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } },
      /not a container image.*helm/,
    ],
  ])('refuses %s by name, as image_unsupported', (_, document, problem) => {
    expect(thrownBy(() => parse(document))).toMatchObject(failure('image_unsupported', problem));
  });

  it.each([
    ['HTML', Buffer.from('<html>Please log in</html>'), /not JSON/],
    ['nothing', Buffer.alloc(0), /not JSON/],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), /UTF-8/],
    ['more than 4 MiB', Buffer.alloc(4 * 1024 * 1024 + 1, ' '), /limit of 4194304/],
    ['deep nesting', Buffer.from('['.repeat(100_000)), /levels deep/],
    ['deep objects', Buffer.from('{"a":'.repeat(100_000)), /levels deep/],
  ])('blames the source for %s', (_, bytes, problem) => {
    expect(thrownBy(() => parseManifest(bytes, null, origin))).toMatchObject(
      failure('source_corrupt', problem),
    );
  });

  it('does not take brackets in strings for nesting', () => {
    const annotations = { a: '[{'.repeat(1000), b: '\\"[[[[' };
    expect(parse({ ...image, annotations })).toMatchObject({ kind: 'image' });
  });

  it('gives a manifest or an AshlarError for whatever JSON', () => {
    const value = fc.oneof(fc.jsonValue(), mutated(image), mutated(index));
    fc.assert(
      fc.property(value, (document) => {
        const error = thrownBy(() => parse(document));
        expect(error === null || error instanceof AshlarError).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

/** The document with one value somewhere in it replaced. */
function mutated(document: object): fc.Arbitrary<unknown> {
  const text = JSON.stringify(document);
  const strange = fc.constantFrom('null', '-1', '[]', '{}', '""', '1e99', 'true', '"\\u0000"');
  return fc.tuple(fc.nat(), strange).map(([at, replacement]) => {
    const values = [...text.matchAll(/(?<=[:[,])("[^"]*"(?!:)|\d+)/g)];
    const hit = values[at % values.length];
    if (hit === undefined) return document;
    const end = hit.index + hit[0].length;
    return JSON.parse(text.slice(0, hit.index) + replacement + text.slice(end));
  });
}

function parse(document: unknown, mediaType: string | null = null): Manifest {
  return parseManifest(Buffer.from(JSON.stringify(document)), mediaType, origin);
}

function failure(code: string, problem: RegExp): object {
  const message = expect.stringMatching(new RegExp(`^oci:x: .*(?:${problem.source})`));
  return { name: 'AshlarError', code, message };
}
