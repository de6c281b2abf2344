import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installTrust, removeTrust } from '../../../mirror/trust/trust.ts';
import { trustClients } from '../../../mirror/trust/trust-client.ts';
import {
  corporate,
  publicCertificates,
  read,
  type RootSketch,
  snapshot,
} from './support/root-tree.ts';
import { bundle, trustBench } from './support/trust-bench.ts';

const { certificates, later, root, place, states, problems } = trustBench('trust-settings');

describe('settings that stand in the place of all others', () => {
  const sketch: RootSketch = {
    '/opt/corp.pem': `# ours\n${corporate}`,
    '/root/.npmrc': 'registry=https://r.test/\r\ncafile=/opt/corp.pem\r\n',
    '/usr/local/etc/npmrc': 'cafile="/opt/corp.pem"',
    '/root/.yarnrc': 'cafile "/opt/corp.pem"\n',
    '/root/.yarnrc.yml': 'nodeLinker: pnp # ä\nhttpsCaFilePath: /opt/corp.pem\n',
    '/root/.bunfig.toml': '[install]\ncafile = "/opt/corp.pem"\n',
    '/root/.config/pnpm/rc': 'cafile=~/corp.pem\n',
    '/root/corp.pem': corporate,
    '/etc/environment': 'NODE_EXTRA_CA_CERTS=/opt/corp.pem\nYARN_CAFILE="/opt/corp.pem"\n',
    '/etc/profile.d/corp.sh': 'export NPM_CONFIG_CAFILE=/opt/corp.pem\n',
    '/etc/environment.d/corp.conf': 'NODE_EXTRA_CA_CERTS=/opt/corp.pem\n',
    '/usr/bin/pnpm': '',
    '/usr/bin/yarn': '',
    '/root/.bun/bin/bun': '',
  };

  it("name a bundle of what they had and the mirror's, and are given back byte by byte", async () => {
    const path = root(sketch);
    const before = snapshot(path);
    for (const state of Object.values(await states(path))) expect(state).toBe('does-not-trust');
    await installTrust(place(path), trustClients);
    for (const state of Object.values(await states(path))) expect(state).toBe('trusts');
    const named = /cafile=(.*)\r\n/.exec(read(path, '/root/.npmrc'))?.[1] ?? '';
    expect(named).toMatch(/^\/etc\/ashlar\/trust\/bundle-[0-9a-f]{16}\.pem$/);
    expect(read(path, '/root/.npmrc')).toBe(`registry=https://r.test/\r\ncafile=${named}\r\n`);
    expect(read(path, '/usr/local/etc/npmrc')).toBe(`cafile=${named}`);
    expect(read(path, '/root/.yarnrc')).toBe(`cafile "${named}"\n`);
    expect(read(path, '/root/.yarnrc.yml')).toBe(
      `nodeLinker: pnp # ä\nhttpsCaFilePath: "${named}"\n`,
    );
    expect(read(path, '/root/.bunfig.toml')).toBe(`[install]\ncafile = "${named}"\n`);
    expect(read(path, '/etc/environment')).toBe(
      `NODE_EXTRA_CA_CERTS=${named}\nYARN_CAFILE=${named}\n`,
    );
    expect(read(path, '/etc/profile.d/corp.sh')).toBe(`export NPM_CONFIG_CAFILE=${named}\n`);
    expect(read(path, '/etc/environment.d/corp.conf')).toBe(`NODE_EXTRA_CA_CERTS=${named}\n`);
    // What one setting trusted is trusted by no other: neither the system's, nor by everybody.
    expect(read(path, named)).toBe([corporate, ...certificates()].join(''));
    expect(read(path, bundle)).not.toContain(corporate);
    expect(read(path, '/opt/corp.pem')).toBe(`# ours\n${corporate}`);
    expect(await installTrust(place(path), trustClients)).toEqual([]);
    expect((await removeTrust(place(path))).every(({ isDone }) => isDone)).toBe(true);
    expect(snapshot(path)).toEqual(before);
  });

  it("that name the system's certificates are right when the system trusts the mirror", async () => {
    const text = 'cafile=/etc/ssl/certs/ca-certificates.crt\n';
    const path = root({ '/root/.npmrc': text });
    await installTrust(place(path), trustClients);
    expect(read(path, '/root/.npmrc')).toBe(text);
    expect((await states(path)).npm).toBe('trusts');
  });

  it('follow the authority when it is renewed, and what they named when that changes', async () => {
    const path = root(sketch);
    const before = snapshot(path);
    await installTrust(place(path), trustClients);
    const both = [...certificates(), ...later()];
    expect((await states(path, both)).npm).toBe('does-not-trust');
    await installTrust(place(path, both), trustClients);
    const named = /cafile=(.*)$/.exec(read(path, '/usr/local/etc/npmrc'))?.[1] ?? '';
    expect(read(path, named)).toBe([corporate, ...both].join(''));
    expect(read(path, '/etc/ssl/certs/ca-certificates.crt')).toBe(
      [...publicCertificates.slice(0, 5), ...both].join(''),
    );
    writeFileSync(join(path, 'opt/corp.pem'), publicCertificates[4] ?? '');
    await installTrust(place(path, later()), trustClients);
    expect(read(path, named)).toBe([publicCertificates[4], ...later()].join(''));
    expect(read(path, '/etc/ssl/certs/ca-certificates.crt')).toBe(
      [...publicCertificates.slice(0, 5), ...later()].join(''),
    );
    for (const state of Object.values(await states(path, later()))) expect(state).toBe('trusts');
    writeFileSync(join(path, 'opt/corp.pem'), `# ours\n${corporate}`);
    await removeTrust(place(path));
    expect(snapshot(path)).toEqual(before);
  });

  it.each([
    [
      '/root/.npmrc',
      'cafile=${HOME}/corp.pem\n',
      'npm',
      'has a value that is not plain text: ${HOME}/corp.pem',
    ],
    [
      '/root/.npmrc',
      'cafile=corp.pem\n',
      'npm',
      'names corp.pem, which is another file in every directory',
    ],
    ['/root/.npmrc', 'cafile=/missing.pem\n', 'npm', 'names /missing.pem, which does not exist'],
    [
      '/root/.npmrc',
      'cafile=/etc/passwd\n',
      'npm',
      'names /etc/passwd, which holds no certificate',
    ],
    ['/root/.npmrc', 'cafile=/etc\n', 'npm', 'names /etc, which is not a regular file'],
    [
      '/root/.npmrc',
      'ca[]="x"\n',
      'npm',
      'has certificates in the setting `ca`, which replaces all others',
    ],
    ['/root/.npmrc', 'a=\u0000\ncafile="/x\n', 'npm', 'has a value that is not plain text: "/x'],
    [
      '/etc/profile',
      '[ -f /x ] && NODE_EXTRA_CA_CERTS=/x\n',
      'node',
      'uses NODE_EXTRA_CA_CERTS in a way that is not a plain assignment',
    ],
    [
      '/etc/systemd/system.conf',
      '[Manager]\nDefaultEnvironment=NODE_EXTRA_CA_CERTS=/x\n',
      'node',
      'is not written: NODE_EXTRA_CA_CERTS is set in /etc/systemd already',
    ],
  ] as const)('in %s as %j are left alone, and said', async (file, text, client, words) => {
    const path = root({ [file]: text });
    const before = snapshot(path);
    await installTrust(place(path), trustClients);
    expect(read(path, file)).toBe(text);
    expect((await states(path))[client]).toBe('cannot-tell');
    expect((await problems(path)).join('\n')).toContain(words);
    expect((await states(path)).system).toBe('trusts');
    await removeTrust(place(path));
    expect(snapshot(path)).toEqual(before);
  });
});
