import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageIndex } from '../../src/oci/manifest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { ociDigestOf } from '../../src/oci/oci-digest.ts';
import {
  choosePlatform,
  formatPlatform,
  hostPlatform,
  parsePlatform,
  suitsPlatform,
} from '../../src/oci/platform.ts';
import { chooseEntry } from '../../src/oci/resolve-image.ts';

const origin = { description: 'docker://x/y', corruptCode: 'registry_corrupt' } as const;

describe('platforms', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['amd64', 'linux/amd64'],
    ['x86_64', 'linux/amd64'],
    ['Linux/AArch64/v8', 'linux/arm64'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
  ])('reads %s as %s', (text, expected) => {
    expect(formatPlatform(parsePlatform(text))).toBe(expected);
  });

  it.each(['', '/', 'linux/', 'a/b/c/d', 'linux/am d64', 'linux/../x'])('refuses %j', (text) => {
    expect(() => parsePlatform(text)).toThrow(/not a platform/);
  });

  it('knows the machine it runs on', () => {
    expect(hostPlatform('x64')).toEqual({ os: 'linux', architecture: 'amd64', variant: null });
    expect(hostPlatform('arm64')).toMatchObject({ architecture: 'arm64', variant: null });
  });

  it.each([
    ['linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6'], 'linux/arm/v6'],
    ['linux/arm', ['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7'],
    ['linux/arm/v6', ['linux/arm/v7', 'linux/arm/v5'], 'linux/arm/v5'],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2'], 'linux/amd64/v2'],
    ['linux/amd64', ['linux/amd64/v2', 'linux/amd64'], 'linux/amd64'],
    ['linux/arm64', ['linux/arm/v7', 'linux/arm64/v8'], 'linux/arm64'],
    ['linux/amd64', ['windows/amd64', 'linux/386'], undefined],
    ['linux/amd64', ['linux/amd64/v3'], undefined],
  ])('for %s takes of %j the %s', (wanted, offered, expected) => {
    const platforms = offered.map(parsePlatform);
    const chosen = choosePlatform(platforms, (each) => each, parsePlatform(wanted));
    expect(chosen === undefined ? undefined : formatPlatform(chosen)).toBe(expected);
  });

  it('always suits itself', () => {
    const name = fc.constantFrom(
      'linux/amd64',
      'linux/arm',
      'linux/arm/v7',
      'linux/arm64/v9',
      'a/b/c',
    );
    fc.assert(
      fc.property(name.map(parsePlatform), (platform) => {
        expect(suitsPlatform(platform, platform)).toBe(true);
        expect(parsePlatform(formatPlatform(platform))).toEqual(platform);
      }),
    );
  });
});

describe('the entry of an index', () => {
  it('is the first that suits, whatever stands around it', () => {
    const index = indexOf('unknown/unknown', 'linux/arm64', 'linux/amd64', 'linux/amd64');
    expect(chooseEntry(index, parsePlatform('linux/amd64'), origin)).toBe(index.entries[2]);
  });

  it('is named with all others when it is missing, but for attestations', () => {
    const index = indexOf('unknown/unknown', 'linux/arm64', 'linux/arm/v7', 'linux/arm64');
    expect(() => chooseEntry(index, parsePlatform('linux/amd64'), origin)).toThrow(
      expect.objectContaining({
        code: 'platform_unavailable',
        message:
          'docker://x/y: the image does not offer linux/amd64; it offers linux/arm64, linux/arm/v7',
        data: { platform: 'linux/amd64', offered: ['linux/arm64', 'linux/arm/v7'] },
      }),
    );
  });

  it('may be the only one without a platform', () => {
    const index = indexOf('linux/arm64', null);
    expect(chooseEntry(index, parsePlatform('linux/amd64'), origin)).toBe(index.entries[1]);
    const two = indexOf(null, null);
    expect(() => chooseEntry(two, parsePlatform('linux/amd64'), origin)).toThrow(/names none/);
  });
});

function indexOf(...platforms: readonly (string | null)[]): ImageIndex {
  const entries = platforms.map((text, at) => ({
    mediaType: mediaTypes.ociManifest,
    digest: ociDigestOf(Buffer.from(String(at))),
    sizeBytes: 1,
    platform: text === null ? null : parsePlatform(text),
    annotations: {},
  }));
  return { kind: 'index', mediaType: mediaTypes.ociIndex, entries };
}
