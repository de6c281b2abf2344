import { describe, expect, it } from 'vitest';
import { undoSetup } from '../../../base-images/setup/undo-setup.ts';
import type { Sketches } from '../support/sketched-files.ts';
import {
  authority,
  changedPaths,
  debianSketch,
  planned,
  setUp,
  stored,
  textAt,
} from './support/set-up.ts';

const program = { content: 'program', mode: 0o755 };
const guest = { busybox: Buffer.from('busybox'), architecture: 'amd64', command: null };

const bases: Record<string, Sketches> = {
  'no /etc': { 'bin/sh': program, 'usr/bin/env': program },
  'nothing at all': {},
  'one program alone': { app: program },
  'no shell': {
    'etc/os-release': 'ID=debian\n',
    'etc/passwd':
      'root:x:0:0::/root:/sbin/nologin\nnonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n',
    'var/lib/dpkg/status.d/base': 'Package: base\n',
  },
  Alpine: {
    'etc/os-release': 'ID=alpine\nVERSION_ID=3.20.1\n',
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
    'etc/shadow': { content: 'root:*::0:::::\n', mode: 0o640 },
    'etc/group': 'root:x:0:root\n',
    'bin/busybox': { content: 'BusyBox v1.36', mode: 0o755 },
    'bin/sh': { target: '/bin/busybox' },
    'sbin/init': { target: '/bin/busybox' },
    'lib/apk/db/installed': 'P:musl\nV:1.2.5\nA:x86_64\n\n',
    'etc/ssl/certs/ca-certificates.crt': 'bundle\n',
    'etc/ssl/cert.pem': { target: 'certs/ca-certificates.crt' },
  },
  Fedora: {
    'etc/os-release': 'ID=fedora\nVERSION_ID=41\n',
    'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
    'etc/group': 'root:x:0:\n',
    'usr/bin/bash': program,
    bin: { target: 'usr/bin' },
    sbin: { target: 'usr/sbin' },
    'usr/bin/update-ca-trust': program,
    'etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem': { content: 'bundle\n', mode: 0o444 },
  },
  'read-only files': Object.fromEntries(
    Object.entries(debianSketch).map(([path, sketch]) => [
      path,
      typeof sketch === 'string' ? { content: sketch, mode: 0o400 } : sketch,
    ]),
  ),
  'read-only directories': { ...debianSketch, etc: { directory: true, mode: 0o555 } },
  '/etc is a link': {
    ...Object.fromEntries(
      Object.entries(debianSketch).map(([path, sketch]) => [
        path.replace(/^etc\//, 'data/etc/'),
        sketch,
      ]),
    ),
    etc: { target: '/data/etc' },
  },
  'hosts of 10 MB': { ...debianSketch, 'etc/hosts': Buffer.alloc(10_000_000, '# x\n') },
  'directories in the place of files': {
    ...debianSketch,
    'etc/hosts': { directory: true },
    'etc/hostname': { directory: true },
    'etc/resolv.conf': { directory: true },
    'etc/sudoers.d/zz-ashlar': { directory: true },
    'etc/apt/apt.conf.d/90ashlar/inside': '',
  },
  'large files in the place of others': {
    ...debianSketch,
    'etc/apt/apt.conf.d/90ashlar': Buffer.alloc(3_000_000, '// x\n'),
    'usr/lib/ashlar/busybox': Buffer.alloc(2_000_000, 'old'),
    'usr/sbin/policy-rc.d': Buffer.concat([Buffer.from('exit 101\n'), Buffer.alloc(50_000, '#')]),
  },
  'a fifo in the place of a file': { ...debianSketch, 'etc/hosts': { fifo: true } },
  'links in a circle': {
    ...debianSketch,
    'etc/hosts': { target: 'hostname' },
    'etc/hostname': { target: 'hosts' },
  },
  'bytes that are no text': { ...debianSketch, 'etc/hosts': Buffer.from([0, 255, 254, 10, 128]) },
};

describe.each(Object.entries(bases))('a base with %s', (_, sketches) => {
  it('is set up as far as it can be, twice the same, and can be had back', async () => {
    const base = await stored(sketches);
    const first = await setUp(base, { guest });
    expect(first.plan.refusals).toEqual([]);
    const second = await setUp(first, { guest });
    expect([second.plan.changes, second.digest]).toEqual([[], first.digest]);
    const undone = await undoSetup(base.imageStore, first.digest);
    expect(undone).toMatchObject({ digest: base.digest, left: [] });
  });

  it('gets what was asked for, or is refused it', async () => {
    const base = await stored(sketches);
    const { plan, files } = await setUp(base, { user: 'dev', ca: [authority] });
    const refused = new Set(plan.refusals.map(({ step }) => step));
    if (!refused.has('user')) expect(await textAt(files, 'etc/passwd')).toContain('\ndev:');
    if (!refused.has('ca'))
      expect(changedPaths(plan).some((path) => path.endsWith('.crt'))).toBe(true);
  });
});

describe('what cannot be done is named', () => {
  const notes = async (name: string) => (await planned(await stored(bases[name] ?? {}))).plan.notes;

  it('in an image with nothing', async () => {
    const base = await stored({ app: program });
    const { plan } = await planned(base, { guest });
    expect(plan.changes).toEqual([]);
    expect(plan.notes).toMatchObject([
      { kind: 'skipped', what: expect.stringContaining('stays as it is') },
    ]);
  });

  it('in one without a shell', async () => {
    expect(await notes('no shell')).toContainEqual(
      expect.objectContaining({
        step: 'user',
        kind: 'skipped',
        what: expect.stringContaining('no shell'),
      }),
    );
  });

  it('with the path that is in the way', async () => {
    expect(await notes('directories in the place of files')).toContainEqual(
      expect.objectContaining({ step: 'hosts', what: expect.stringContaining('/etc/hosts') }),
    );
    expect(await notes('hosts of 10 MB')).toContainEqual(
      expect.objectContaining({
        step: 'hosts',
        what: expect.stringContaining('/etc/hosts has more than'),
      }),
    );
  });

  it('where there is no place for the list of changes nothing is changed', async () => {
    for (const there of ['a file', { target: '/' }]) {
      const base = await stored({ ...debianSketch, 'usr/lib/ashlar': there });
      const { plan } = await planned(base);
      expect([plan.changes, plan.refusals]).toEqual([[], []]);
      expect(plan.notes).toContainEqual(
        expect.objectContaining({ what: expect.stringContaining('/usr/lib/ashlar') }),
      );
      const { plan: asked } = await planned(base, { user: 'dev' });
      expect(asked.refusals).toMatchObject([{ code: 'base_file_unusable' }]);
    }
  });

  it('an image of another architecture gets no init', async () => {
    const arm = Buffer.from(
      '7f454c460201010000000000000000000300b70001000000'.padEnd(128, '0'),
      'hex',
    );
    const files = { ...debianSketch, 'usr/bin/bash': { content: arm, mode: 0o755 } };
    const { plan } = await planned(await stored({ ...files, 'var/lib/dpkg/status': '' }), {
      guest,
    });
    expect(plan.notes).toContainEqual(expect.objectContaining({ step: 'init', kind: 'skipped' }));
  });
});
