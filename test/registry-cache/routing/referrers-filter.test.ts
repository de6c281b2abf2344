import { describe, expect, it } from 'vitest';
import { filterReferrers } from '../../../registry-cache/routing/referrers-filter.ts';

const descriptor = (artifactType: string | undefined, size: number) => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: `sha256:${String(size).repeat(64)}`,
  size,
  ...(artifactType === undefined ? {} : { artifactType, annotations: { 'a.b': 'c' } }),
});
const [sbom, signature, plain] = [
  descriptor('application/spdx+json', 1),
  descriptor('application/vnd.signature', 2),
  descriptor(undefined, 3),
];
const index = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [sbom, signature, plain],
  annotations: { kept: 'yes' },
};

describe('a list of referrers', () => {
  it('is left as it is without a filter, byte for byte', () => {
    const text = `${JSON.stringify(index, undefined, 7)}\n`;
    expect(filterReferrers(text, null)).toEqual({ index: text, headers: {} });
  });

  it('keeps those of one type, whole, and all else', () => {
    const { index: text, headers } = filterReferrers(
      JSON.stringify(index),
      'application/spdx+json',
    );
    expect(JSON.parse(text)).toEqual({ ...index, manifests: [sbom] });
    expect(headers).toEqual({ 'oci-filters-applied': 'artifactType' });
  });

  it('may have none of a type, and says so', () => {
    const { index: text, headers } = filterReferrers(JSON.stringify(index), 'a/b');
    expect(JSON.parse(text)).toEqual({ ...index, manifests: [] });
    expect(headers).toEqual({ 'oci-filters-applied': 'artifactType' });
  });

  it('may have strange members, which are of no type', () => {
    const strange = { ...index, manifests: [null, 3, 'x', [], { artifactType: 7 }, sbom] };
    const { index: text } = filterReferrers(JSON.stringify(strange), 'application/spdx+json');
    expect(JSON.parse(text)).toMatchObject({ manifests: [sbom] });
  });

  it('is refused where it lies in itself so deeply that it can be read and not be written', () => {
    const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`;
    const text = JSON.stringify(index).replace('{', `{"deep":${deep},`);
    expect(() => filterReferrers(text, 'a/b')).toThrow(
      expect.objectContaining({ code: 'registry_corrupt' }),
    );
  });

  it.each(['', 'null', '[]', '{}', '{"manifests":{}}', '<html>'])('is refused as %j', (text) => {
    expect(() => filterReferrers(text, 'a/b')).toThrow(
      expect.objectContaining({ code: 'registry_corrupt' }),
    );
  });
});
