import { describe, expect, it } from 'vitest';
import { parseImageConfig, platformOfConfig } from '../../src/oci/image-config.ts';
import { ociDigestOf } from '../../src/oci/oci-digest.ts';

const origin = { description: 'oci:x', corruptCode: 'source_corrupt' } as const;
const diffId = ociDigestOf(Buffer.from('layer'));

describe('parseImageConfig', () => {
  it('reads everything that a Dockerfile can set', () => {
    const config = {
      architecture: 'arm64',
      os: 'linux',
      variant: 'v8',
      created: '2024-01-02T03:04:05Z',
      config: {
        User: '1000:1000',
        Env: ['PATH=/usr/bin:/bin', 'EMPTY='],
        Entrypoint: ['/init'],
        Cmd: ['a', 'b c'],
        WorkingDir: '/srv',
        ExposedPorts: { '80/tcp': {}, '53/udp': {} },
        Volumes: { '/data': {} },
        Labels: { a: 'b', constructor: 'c' },
        StopSignal: 'SIGTERM',
        Shell: ['/bin/bash', '-c'],
        OnBuild: ['RUN make'],
        Healthcheck: { Test: ['CMD', 'true'], Interval: 30_000_000_000, Retries: 3 },
      },
      rootfs: { type: 'layers', diff_ids: [diffId] },
      history: [{ created_by: 'ADD x', created: '2024-01-02T03:04:05Z' }, { empty_layer: true }],
    };
    const parsed = parse(config);
    expect(parsed).toEqual(config);
    expect(platformOfConfig(parsed)).toEqual({ os: 'linux', architecture: 'arm64', variant: null });
  });

  it('drops what is null, empty or unknown', () => {
    const nothing = { Cmd: null, Env: [], Labels: null, Volumes: {}, User: '', MacAddress: 'x' };
    const rootfs = { type: 'layers', diff_ids: null };
    expect(parse({ config: nothing, rootfs, history: null, container: 'x' })).toEqual({
      architecture: '',
      os: '',
      config: {},
      rootfs: { type: 'layers', diff_ids: [] },
      history: [],
    });
  });

  it('takes one string for a list of one, as old images have it', () => {
    const parsed = parse({ config: { Cmd: 'sh' }, rootfs: { type: 'layers', diff_ids: [] } });
    expect(parsed.config.Cmd).toEqual(['sh']);
  });

  it.each([
    ['Env that is no list', { config: { Env: { a: 'b' } } }, /config\.Env/],
    ['a number in Env', { config: { Env: [1] } }, /config\.Env\[0\]/],
    ['a NUL in Env', { config: { Env: ['A=\0'] } }, /NUL.*config\.Env\[0\]/],
    ['a NUL in a volume', { config: { Volumes: { 'a\0': {} } } }, /NUL/],
    ['a wrong diff_id', { rootfs: { type: 'layers', diff_ids: ['sha256:x'] } }, /diff_ids\[0\]/],
    ['no rootfs', { rootfs: undefined }, /rootfs/],
    ['another rootfs', { rootfs: { type: 'windows' } }, /rootfs type "windows"/],
    ['a user that is a number', { config: { User: 0 } }, /config\.User/],
  ])('refuses %s', (_, fields, problem) => {
    const document = { rootfs: { type: 'layers', diff_ids: [] }, ...fields };
    expect(() => parse(document)).toThrow(
      expect.objectContaining({ code: 'image_invalid', message: expect.stringMatching(problem) }),
    );
  });

  it('blames the source for what is no JSON', () => {
    expect(() => parseImageConfig(Buffer.from('{'), origin)).toThrow(
      expect.objectContaining({ code: 'source_corrupt' }),
    );
  });
});

function parse(document: unknown) {
  return parseImageConfig(Buffer.from(JSON.stringify(document)), origin);
}
