import { execFileSync } from 'node:child_process';
import {
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { inspectTrust, installTrust, removeTrust } from '../../../mirror/trust/trust.ts';
import { trustClients } from '../../../mirror/trust/trust-client.ts';
import { isRoot, scratchDir } from '../../support/scratch.ts';
import {
  corporate,
  debianRoot,
  makeRoot,
  read,
  type RootSketch,
  snapshot,
} from './support/root-tree.ts';

const scratch = scratchDir('trust-hostile');
const outside = join(scratch, 'outside');
const certificates = [rootCertificates[40] ?? ''];
let count = 0;

function root(more: RootSketch = {}): string {
  return makeRoot(join(scratch, `root-${(count += 1)}`), { ...debianRoot, ...more });
}

function outsideTree(): string {
  mkdirSync(join(outside, 'certs'), { recursive: true });
  writeFileSync(join(outside, 'npmrc'), 'cafile=/opt/corp.pem\n');
  writeFileSync(
    join(outside, 'secret'),
    `-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n${corporate}`,
  );
  writeFileSync(join(outside, 'certs', 'ca-certificates.crt'), corporate);
  return outside;
}

const place = (path: string) => ({ root: path, certificates, env: {}, directory: '/' });

async function problems(path: string): Promise<string> {
  const parts = (await inspectTrust(place(path), trustClients)).flatMap((trust) => trust.parts);
  return parts.map(({ path: file, problem }) => `${file} ${problem?.words}`).join('\n');
}

describe('links of a root file system', () => {
  it('lead to nothing outside of it: not to read, not to write, not to remove', async () => {
    const before = snapshot(outsideTree());
    const up = '../'.repeat(30);
    const path = root({
      '/opt/corp.pem': corporate,
      '/root/.npmrc': `-> ${outside}/npmrc`,
      '/usr/local/etc/npmrc': `-> ${up}${outside.slice(1)}/npmrc`,
      '/home/ada/.yarnrc': `cafile "${outside}/secret"\n`,
      '/etc/profile.d': `-> ${outside}`,
      '/etc/ashlar': `-> ${up}${outside.slice(1)}/certs`,
      '/etc/environment.d': `-> ${outside}/certs`,
    });
    await installTrust(place(path), trustClients);
    expect(snapshot(outside)).toEqual(before);
    // The links were followed within the root, where a process of the root would end up.
    expect(read(path, `${outside}/ashlar-trust.sh`)).toContain('NODE_EXTRA_CA_CERTS');
    expect(read(path, `${outside}/certs/trust/bundle.pem`)).toContain('BEGIN CERTIFICATE');
    expect(await problems(path)).toContain(
      `/home/ada/.yarnrc names ${outside}/secret, which does not exist`,
    );
    await removeTrust(place(path));
    expect(snapshot(outside)).toEqual(before);
  });

  it('as the certificates of the system, too', async () => {
    const before = snapshot(outsideTree());
    const { '/etc/ssl/certs/ca-certificates.crt': _, ...rest } = debianRoot;
    const path = makeRoot(join(scratch, 'linked-store'), {
      ...rest,
      '/etc/ssl/certs': `-> ${outside}/certs`,
    });
    await installTrust(place(path), trustClients);
    expect(snapshot(outside)).toEqual(before);
  });

  it('in circles are refused, and nothing is written', async () => {
    const path = root({ '/etc/npmrc': '-> npmrc' });
    const before = snapshot(path);
    await expect(installTrust(place(path), trustClients)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('too many links at /etc/npmrc') as string,
    });
    // The system's part comes first, and is whole.
    await removeTrust(place(path));
    expect(snapshot(path)).toEqual(before);
  });

  it.skipIf(!isRoot)('in a home lead to no file of another user (needs root)', async () => {
    const path = root({ '/opt/corp.pem': corporate, '/etc/secret.rc': 'cafile=/opt/corp.pem\n' });
    symlinkSync('/etc/secret.rc', join(path, 'home/ada/.npmrc'));
    chownSync(join(path, 'home/ada'), 1000, 1000);
    await installTrust(place(path), trustClients);
    expect(read(path, '/etc/secret.rc')).toBe('cafile=/opt/corp.pem\n');
    expect(await problems(path)).toContain(
      '/home/ada/.npmrc belongs to the user 0, and the home it is in to 1000',
    );
  });
});

describe('files of a root file system', () => {
  it('give nothing but certificates to a bundle', async () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMIIBsecret\n-----END PRIVATE KEY-----\n';
    const fake = '-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n';
    const path = root({
      '/opt/both.pem': `root:secret\n${key}${corporate}${fake}`,
      '/root/.npmrc': 'cafile=/opt/both.pem\n',
    });
    await installTrust(place(path), trustClients);
    const named = /cafile=(.*)\n/.exec(read(path, '/root/.npmrc'))?.[1] ?? '';
    expect(read(path, named).match(/BEGIN [A-Z ]+/g)).toEqual([
      'BEGIN CERTIFICATE',
      'BEGIN CERTIFICATE',
    ]);
    expect(read(path, named)).not.toMatch(/secret|c2VjcmV0/);
  });

  it('that are pipes, directories, endless or not text are not waited for', async () => {
    const path = root({ '/root/.yarnrc.yml': 'x: 1\n', '/usr/bin/yarn': '', '/usr/bin/bun': '' });
    execFileSync('mkfifo', [join(path, 'root/.npmrc')]);
    mkdirSync(join(path, 'root/.yarnrc'));
    truncateSync(join(path, 'root/.yarnrc.yml'), 10 ** 8);
    writeFileSync(join(path, 'root/.bunfig.toml'), Buffer.from([0x5b, 0xff, 0xfe]));
    await installTrust(place(path), trustClients);
    const said = await problems(path);
    for (const words of [
      '/root/.npmrc is not a regular file',
      '/root/.yarnrc is not a regular file',
      '/root/.yarnrc.yml has more than 1048576 bytes',
      '/root/.bunfig.toml is not text in UTF-8',
    ])
      expect(said).toContain(words);
    expect(lstatSync(join(path, 'root/.npmrc')).isFIFO()).toBe(true);
    expect(readFileSync(join(path, 'root/.bunfig.toml'))).toHaveLength(3);
    await removeTrust(place(path));
  });

  it('such as a record that names files outside do no harm', async () => {
    const before = snapshot(outsideTree());
    const record = {
      format: 1,
      made: [`${'/..'.repeat(30)}${outside}/secret`, `${outside}/npmrc`],
      directories: [`${'/..'.repeat(30)}${outside}/certs`],
      values: [
        {
          path: `${outside}/npmrc`,
          format: 'npmrc',
          key: 'cafile',
          before: '/x',
          after: '/opt/corp.pem',
        },
      ],
      pieces: [{ path: `${'/..'.repeat(30)}${outside}/npmrc`, text: 'cafile' }],
      bundles: {},
    };
    const path = root({ '/etc/ashlar/trust/record.json': JSON.stringify(record) });
    await removeTrust(place(path));
    expect(snapshot(outside)).toEqual(before);
  });
});
