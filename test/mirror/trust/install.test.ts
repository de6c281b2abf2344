import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { certificatesIn } from '../../../mirror/trust/pem-certificates.ts';
import { installTrust, removeTrust } from '../../../mirror/trust/trust.ts';
import { trustClients } from '../../../mirror/trust/trust-client.ts';
import { runChecked } from '../../../src/process/run-command.ts';
import { isRoot } from '../../support/scratch.ts';
import { corporate, makeRoot, publicCertificates, read, snapshot } from './support/root-tree.ts';
import { bundle, trustBench } from './support/trust-bench.ts';

const { scratch, certificates, root, place, states, problems } = trustBench('trust-install');

describe('a root file system', () => {
  it('is looked at without a change, is made to trust, twice the same, and is given back byte by byte', async () => {
    const path = root();
    const before = snapshot(path);
    const nothing = {
      pnpm: 'not-installed',
      yarn: 'not-installed',
      berry: 'not-installed',
      bun: 'not-installed',
    };
    expect(await states(path)).toEqual({
      system: 'does-not-trust',
      node: 'does-not-trust',
      npm: 'does-not-trust',
      ...nothing,
    });
    expect(snapshot(path)).toEqual(before);
    const done = await installTrust(place(path), trustClients);
    expect(done.length).toBeGreaterThan(5);
    const after = snapshot(path);
    expect(await states(path)).toEqual({
      system: 'trusts',
      node: 'trusts',
      npm: 'trusts',
      ...nothing,
    });
    expect(await installTrust(place(path), trustClients)).toEqual([]);
    expect(snapshot(path)).toEqual(after);
    // Nothing of the root is run.
    expect(after['/ran']).toBeUndefined();
    expect((await removeTrust(place(path))).every(({ isDone }) => isDone)).toBe(true);
    expect(snapshot(path)).toEqual(before);
    expect(await removeTrust(place(path))).toEqual([]);
  });

  it('has the system trust it, by the names and hashes that openssl looks for', async () => {
    const path = root();
    await installTrust(place(path), ['system']);
    const all = read(path, '/etc/ssl/certs/ca-certificates.crt');
    expect(all).toBe([...publicCertificates.slice(0, 5), ...certificates()].join(''));
    const args = ['x509', '-noout', '-subject_hash'];
    const hash = (await runChecked('openssl', args, { input: certificates().join('') })).stdout
      .toString()
      .trim();
    const links = Object.entries(snapshot(path)).filter(
      ([name]) => name.startsWith('/etc/ssl/certs/') && !name.endsWith('.crt'),
    );
    const [, file = ''] =
      /-> (.*)$/.exec(links.find(([name]) => name.endsWith('.pem'))?.[1] ?? '') ?? [];
    expect(read(path, file)).toBe(certificates().join(''));
    expect(links.map(([name]) => name)).toContain(`/etc/ssl/certs/${hash}.0`);
    expect(links).toHaveLength(2);
  });

  it('gives the variable to sessions of all kinds, and never replaces one', async () => {
    const path = root();
    await installTrust(place(path), ['node']);
    expect(read(path, '/etc/environment')).toBe(`LANG=C.UTF-8\nNODE_EXTRA_CA_CERTS=${bundle}\n`);
    expect(read(path, '/etc/environment.d/60-ashlar-trust.conf')).toBe(
      `NODE_EXTRA_CA_CERTS=${bundle}\n`,
    );
    expect(read(path, '/etc/systemd/system.conf.d/60-ashlar-trust.conf')).toBe(
      `[Manager]\nDefaultEnvironment="NODE_EXTRA_CA_CERTS=${bundle}"\n`,
    );
    const script = join(path, 'etc/profile.d/ashlar-trust.sh');
    const shell = async (env: NodeJS.ProcessEnv): Promise<string> =>
      (
        await runChecked('sh', ['-euc', `. ${script}; printenv NODE_EXTRA_CA_CERTS`], { env })
      ).stdout
        .toString()
        .trim();
    expect(await shell({ PATH: process.env['PATH'] })).toBe(bundle);
    expect(await shell({ PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: '' })).toBe(bundle);
    expect(await shell({ PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: '/other.pem' })).toBe(
      '/other.pem',
    );
    expect(read(path, bundle)).toBe(
      [...publicCertificates.slice(0, 5), ...certificates()].join(''),
    );
    // The system was not asked for.
    expect((await states(path)).system).toBe('does-not-trust');
  });

  it('without a store of certificates gets those of Node.js for the bundle, and says what to install', async () => {
    const path = makeRoot(join(scratch, 'bare'), { '/usr/bin/node': '', '/etc/hostname': 'x' });
    const before = snapshot(path);
    await installTrust(place(path), trustClients);
    expect(await states(path)).toMatchObject({ system: 'does-not-trust', node: 'trusts' });
    expect(await problems(path)).toEqual([
      '/etc/ssl/certs/ca-certificates.crt is not there: install the package ca-certificates',
    ]);
    expect(certificatesIn(read(path, bundle)).length).toBeGreaterThan(100);
    expect(
      Object.keys(snapshot(path)).filter((name) => name.startsWith('/etc/environment')),
    ).toEqual([]);
    await removeTrust(place(path));
    expect(snapshot(path)).toEqual(before);
  });

  it('of the Red Hat kind has its own places', async () => {
    const pki = '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem';
    const path = makeRoot(join(scratch, 'redhat'), {
      [pki]: publicCertificates.slice(0, 3).join(''),
      '/etc/pki/ca-trust/source/anchors/README': '',
    });
    const before = snapshot(path);
    await installTrust(place(path), ['system']);
    expect(read(path, pki)).toBe([...publicCertificates.slice(0, 3), ...certificates()].join(''));
    expect(
      Object.keys(snapshot(path)).filter((name) =>
        /anchors\/ashlar-mirror-[0-9a-f]{16}\.pem$/.test(name),
      ),
    ).toHaveLength(1);
    await removeTrust(place(path));
    expect(snapshot(path)).toEqual(before);
  });

  it('keeps modes and owners, and what is put there is for all to read', async () => {
    const path = root({
      '/home/ada/.npmrc': '//registry.npm.test/:_authToken=secret\ncafile=/opt/corp.pem\n',
      '/opt/corp.pem': corporate,
    });
    const file = join(path, 'home/ada/.npmrc');
    chmodSync(file, 0o600);
    if (isRoot) chownSync(file, 1000, 1000);
    const umask = process.umask(0o077);
    try {
      await installTrust(place(path), trustClients);
    } finally {
      process.umask(umask);
    }
    const { mode, uid } = statSync(file);
    expect([mode & 0o777, uid]).toEqual([0o600, statSync(join(path, 'home/ada')).uid]);
    for (const name of ['', 'bundle.pem'])
      expect(statSync(join(path, 'etc/ashlar/trust', name)).mode & 0o005).not.toBe(0);
    for (const [name, content] of Object.entries(snapshot(path)))
      if (name.startsWith('/etc/ashlar')) expect(content).not.toContain('secret');
  });
});

describe('taking back', () => {
  it('leaves what somebody else changed meanwhile, and says so', async () => {
    const path = root({ '/root/.npmrc': 'cafile=/opt/corp.pem\n', '/opt/corp.pem': corporate });
    await installTrust(place(path), trustClients);
    writeFileSync(join(path, 'root/.npmrc'), 'cafile=/opt/other.pem\n');
    writeFileSync(join(path, 'etc/environment'), `${read(path, '/etc/environment')}MORE=1\n`);
    const all = read(path, '/etc/ssl/certs/ca-certificates.crt');
    // As an update of the system makes it: in another order.
    writeFileSync(
      join(path, 'etc/ssl/certs/ca-certificates.crt'),
      [...certificatesIn(all)].reverse().join(''),
    );
    const undone = await removeTrust(place(path));
    expect(undone.filter(({ isDone }) => !isDone)).toEqual([
      { path: '/root/.npmrc', what: 'has cafile changed by somebody else', isDone: false },
    ]);
    expect(read(path, '/root/.npmrc')).toBe('cafile=/opt/other.pem\n');
    expect(read(path, '/etc/environment')).toBe('LANG=C.UTF-8\nMORE=1\n');
    expect(read(path, '/etc/ssl/certs/ca-certificates.crt')).toBe(
      publicCertificates.slice(0, 5).toReversed().join(''),
    );
  });

  it('after an installation that broke off gives back all', async () => {
    const path = root();
    const before = snapshot(path);
    // A directory in the place of a file that is written late.
    mkdirSync(join(path, 'etc/systemd/system.conf.d/60-ashlar-trust.conf'), { recursive: true });
    const blocked = snapshot(path);
    await expect(installTrust(place(path), trustClients)).rejects.toMatchObject({
      code: 'config_invalid',
    });
    await removeTrust(place(path));
    expect(snapshot(path)).toEqual(blocked);
    expect(Object.keys(before).length).toBeLessThan(Object.keys(blocked).length);
  });

  it('is refused when the record cannot be read', async () => {
    for (const text of [
      '',
      '{',
      '[]',
      '{"format":2}',
      '{"format":1,"made":[1],"directories":[],"values":[],"pieces":[],"bundles":{}}',
    ]) {
      const path = root({ '/etc/ashlar/trust/record.json': text });
      const before = snapshot(path);
      const failure = {
        code: 'config_invalid',
        message: expect.stringContaining('record.json') as string,
      };
      await expect(removeTrust(place(path))).rejects.toMatchObject(failure);
      await expect(installTrust(place(path), trustClients)).rejects.toMatchObject(failure);
      expect(snapshot(path)).toEqual(before);
    }
  });
});

describe('what is no root file system', () => {
  it.each(['missing', 'empty', 'first/authority-0001.pem'])('%s', async (name) => {
    mkdirSync(join(scratch, 'empty'), { recursive: true });
    const failure = {
      code: 'config_invalid',
      message: expect.stringContaining('is no root file system') as string,
    };
    await expect(installTrust(place(join(scratch, name)), trustClients)).rejects.toMatchObject(
      failure,
    );
    await expect(removeTrust(place(join(scratch, name)))).rejects.toMatchObject(failure);
  });

  it('nor are no certificates to trust', async () => {
    await expect(installTrust(place(root(), ['nonsense']), trustClients)).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });
});
