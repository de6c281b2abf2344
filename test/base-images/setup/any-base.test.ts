import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setupRevision } from '../../../base-images/setup/plan-setup.ts';
import { undoSetup } from '../../../base-images/setup/undo-setup.ts';
import type { Sketch, Sketches } from '../support/sketched-files.ts';
import { authority, debianSketch, planned, setUp, stored } from './support/set-up.ts';

/** Names that a setup looks at or changes, and what may be there. */
const names = [
  ...Object.keys(debianSketch).filter((path) => path.startsWith('etc/')),
  'etc/sudoers',
  'etc/sudoers.d',
  'etc/sudoers.d/zz-ashlar',
  'etc/hosts',
  'etc/resolv.conf',
  'etc/machine-id',
  'etc/npmrc',
  'etc/pip.conf',
  'etc/ssl/certs',
  'etc/ssl/certs/ca-certificates.crt',
  'etc/ssl/certs/830f4b0a.0',
  'home/user',
  'home',
  'usr/local',
  'usr/sbin/policy-rc.d',
  'usr/sbin/init',
  'usr/lib/systemd/systemd',
  'usr/lib/systemd/systemd-resolved',
  'var/lib/dbus/machine-id',
  'usr/sbin/initctl',
  'usr/sbin/initctl.distrib',
  'usr/bin/update-ca-trust',
  'usr/sbin/update-ca-certificates',
  'etc/docker/daemon.json',
  'etc/apt/sources.list.d/x.sources',
  'usr/lib/ashlar',
  'usr/lib/ashlar/init',
  'var/lib/dpkg/diversions',
  'var/cache/debconf/config.dat',
] as const;

const texts = [
  '',
  '\n',
  'root:x:0:0:root:/root:/bin/bash',
  'user:x:1000:1000::/home/user:/bin/sh\n',
  'user:x:1000:1000::/home/../../x/:/bin/sh\n',
  'user:x:1000:1000::/dev/null:/bin/sh\n',
  `user:x:1000:1000::/${'x'.repeat(300)}/y:/bin/sh\n`,
  '+::::::\n',
  '127.0.0.1 localhost\r\n',
  '@includedir /etc/sudoers.d\n',
  '/sbin/initctl\n/sbin/initctl.distrib\n:\n',
  '[global]\nindex-url = x',
  'registry=x\n#',
  'Name: debconf/frontend\nTemplate: debconf/frontend\nValue: x\n',
  '#!/bin/sh\nexit 101\n',
  '\u00ff\u0000\u0080',
  authority.pem,
] as const;

const owned = fc.record({
  mode: fc.constantFrom(0o644, 0o400, 0o755, 0o777, 0o4755),
  uid: fc.constantFrom(0, 7, 1000),
  gid: fc.constantFrom(0, 42),
});
const sketch: fc.Arbitrary<Sketch | null> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...texts), owned)
      .map(([content, at]) => ({ content, ...at })),
  },
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: owned.map((at) => ({ directory: true as const, ...at })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('/etc/passwd', '../nowhere', 'hosts', '/', '/var/x')
      .map((target) => ({ target })),
  },
);

/** Debian's with some names as nobody would have them; what lies below what is no directory is left out. */
const sketches: fc.Arbitrary<Sketches> = fc
  .dictionary(fc.constantFrom(...names), sketch, { maxKeys: 8, noNullPrototype: true })
  .map((odd) => {
    const all = new Map<string, Sketch | null>([
      ...Object.entries(debianSketch),
      ...Object.entries(odd),
    ]);
    const isDirectory = (path: string): boolean => {
      const there = all.get(path);
      return (
        there === undefined || there === null || (typeof there === 'object' && 'directory' in there)
      );
    };
    const parents = (path: string): string[] =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, index, parts) => parts.slice(0, index + 1).join('/'));
    const kept = [...all].filter(
      ([path, what]) => what !== null && parents(path).every(isDirectory),
    );
    return Object.fromEntries(
      kept.flatMap(([path, what]) => (what === null ? [] : [[path, what]])),
    );
  });

const everything = {
  ca: [authority],
  npmRegistry: new URL('https://mirror.example/npm/'),
  pipIndex: new URL('https://mirror.example/pypi/simple'),
  dockerMirror: new URL('https://mirror.example'),
  guest: { busybox: Buffer.from('busybox'), architecture: 'amd64', command: null },
};

describe('any base', () => {
  it('is set up twice with no difference, its sudoers stay, and it can be had back to the last byte', async () => {
    await fc.assert(
      fc.asyncProperty(sketches, async (files) => {
        const base = await stored(files);
        const first = await setUp(base, everything);
        const second = await setUp(first, everything);
        expect(second.plan.changes).toEqual([]);
        expect(second.digest).toBe(first.digest);
        expect(first.plan.changes.map(({ path }) => path)).not.toContain('etc/sudoers');
        const undone = await undoSetup(base.imageStore, first.digest);
        expect(undone).toMatchObject({ digest: base.digest, left: [] });
      }),
      { numRuns: 60, interruptAfterTimeLimit: 8_000 },
    );
  }, 30_000);

  it('is set up as before, or the revision is another', async () => {
    const { plan } = await planned(await stored(debianSketch), {
      ...everything,
      aptMirror: new URL('http://m.example'),
    });
    const shown = plan.changes.map((change) =>
      'content' in change ? { ...change, content: change.content.toString('base64') } : change,
    );
    // What is kept in stores under a revision has to be what that revision comes to.
    expect([setupRevision, hash('sha256', JSON.stringify([shown, plan.notes]))]).toEqual([
      3,
      'c1c375d0a835971f0221c641a852503a74877088f54364332dee8a1123f86d89',
    ]);
  });
});
