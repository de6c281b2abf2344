import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import {
  detectBase,
  findRelease,
  loadReleases,
  packTree,
  planSetup,
  reconstructRelease,
  reconstructTree,
  sudoInstalls,
} from '../../../base-images/index.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import { memorySketch } from '../support/sketched-files.ts';

const releases = await loadReleases();
const bionic = findRelease(releases, 'ubuntu:18.04');

/** That detection finds in a reconstruction what the data say is tested with detection: `detect/releases.test.ts`. */
describe.each(releases.map((release) => [release.id, release] as const))('%s', (_, release) => {
  it.each(sudoInstalls)(
    'has what every image has, so that a setup makes none of it: %s',
    async (sudo) => {
      const files = reconstructRelease(release, { sudo });
      const facts = await detectBase(files, { releases });
      const guest = { busybox: Buffer.from('busybox'), architecture: 'amd64', command: null };
      const { changes } = await planSetup({ files, facts, options: { guest } });
      const made = changes.filter(({ kind }) => kind === 'directory').map(({ path }) => path);
      const [user = 'user'] = facts.users.passwd
        .filter(({ uid }) => uid === 1000)
        .map(({ name }) => name);
      expect(made.filter((path) => !/ashlar|^etc\/sudoers\.d$/.test(path))).toEqual(
        facts.users.byUid(1000) === null ? [`home/${user}`] : [],
      );
    },
  );
});

describe('a reconstruction', () => {
  it('is for the processor that was asked for', async () => {
    const options = { sudo: 'installed', architecture: 'arm64' } as const;
    const facts = await detectBase(reconstructRelease(bionic, options), { releases });
    expect(facts.architecture?.name).toBe('arm64');
    expect(facts.packages.get('libc6')?.architecture).toBe('arm64');
    expect(facts.problems).toEqual([]);
  });

  it('has the include of a sudoers file that nobody has seen, in its place', async () => {
    const text = { ...bionic.sudoers.text, value: null };
    const unseen = { ...bionic, sudoers: { ...bionic.sudoers, text } };
    const { sudoers } = await detectBase(reconstructRelease(unseen, { sudo: 'installed' }));
    expect(sudoers).toMatchObject({ include: { style: '#', line: 30 }, lines: 30 });
  });

  it('is packed as tar reads it, each directory before what is in it, and the same every time', async () => {
    const tree = reconstructTree(bionic, { sudo: 'installed' });
    const archive = await buffer(packTree(tree));
    expect((await buffer(packTree(tree))).equals(archive)).toBe(true);
    const { stdout } = await runCommand('tar', ['-tvf', '-', '--numeric-owner'], {
      input: archive,
    });
    const lines = stdout.toString('utf8').trim().split('\n');
    expect(lines.find((line) => line.endsWith(' etc/sudoers'))).toMatch(/^-r--r----- 0\/0 +755 /);
    expect(lines.find((line) => line.endsWith(' usr/bin/sudo'))).toMatch(/^-rwsr-xr-x 0\/0/);
    expect(lines.find((line) => / bin\/sh /.test(line))).toMatch(/^l.* bin\/sh -> dash$/);
    const names = lines.map((line) => line.split(/ +/)[5]?.replace(/\/$/, '') ?? '');
    for (const [at, name] of names.entries()) {
      const parent = name.split('/').slice(0, -1).join('/');
      expect(parent === '' || names.indexOf(parent) < at, name).toBe(true);
    }
    const held = Object.keys(tree).filter((path) => !names.includes(path));
    expect(held).toEqual([]);
  });

  it('is made of the files that tests write down, too', async () => {
    const tree = reconstructTree(bionic, { sudo: 'installed' });
    const facts = await detectBase(memorySketch(tree), { releases });
    expect(facts.release).toBe('ubuntu-18.04');
  });
});
