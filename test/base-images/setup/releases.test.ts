import { describe, expect, it } from 'vitest';
import { reconstructTree } from '../../../base-images/reconstruct/reconstruct-release.ts';
import { loadReleases } from '../../../base-images/releases/load-releases.ts';
import { undoSetup } from '../../../base-images/setup/undo-setup.ts';
import { authority, setUp, stored, textAt } from './support/set-up.ts';

const everything = {
  ca: [authority],
  npmRegistry: new URL('https://mirror.example/npm/'),
  pipIndex: new URL('https://mirror.example/pypi/simple'),
  dockerMirror: new URL('https://mirror.example'),
  aptMirror: new URL('http://mirror.example'),
  guest: {
    busybox: Buffer.alloc(70_000, 'busybox'),
    architecture: 'amd64',
    command: { argv: ['/bin/sh'], env: ['A=b'], workdir: '/', user: '' },
  },
};

const rows = (await loadReleases()).flatMap((release) =>
  (['as-in-image', 'installed', 'without-recommends'] as const).map((sudo) => ({ release, sudo })),
);

describe('setup of each release, as reconstructed', () => {
  it.each(rows)('$release.id, sudo $sudo', async ({ release, sudo }) => {
    const base = await stored(reconstructTree(release, { sudo }));
    const first = await setUp(base, everything);
    expect(first.plan.refusals).toEqual([]);
    expect(first.digest).not.toBe(base.digest);

    const second = await setUp(first, everything);
    expect(second.plan.changes).toEqual([]);
    expect(second.digest).toBe(first.digest);

    const undone = await undoSetup(base.imageStore, first.digest);
    expect(undone.left).toEqual([]);
    expect(undone.digest).toBe(base.digest);
  });

  it.each(rows)('$release.id, sudo $sudo: sudoers stays as it is', async ({ release, sudo }) => {
    const base = await stored(reconstructTree(release, { sudo }));
    const { files, plan } = await setUp(base);
    const text = release.sudoers.text.value;
    const isThere = (await files.at('etc/sudoers')) !== null;
    if (isThere) expect(await textAt(files, 'etc/sudoers')).toBe(text?.toString('utf8'));
    const name = release.users.uid1000.value ?? 'user';
    expect(plan.user?.name).toBe(name);
    expect(await textAt(files, 'etc/sudoers.d/zz-ashlar')).toMatch(
      new RegExp(`^${name} ALL=\\(ALL:ALL\\) NOPASSWD: ALL\\n$`, 'm'),
    );
    expect(await files.at('etc/sudoers.d/zz-ashlar')).toMatchObject({
      mode: 0o440,
      uid: 0,
      gid: 0,
    });
  });
});
