import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cli, createCli, errorIn } from '../../cli-images/support/cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'ashlar-base-reconstruct-'));
const archive = join(directory, 'tree.tar');
let cli: Cli;

beforeAll(() => {
  cli = createCli(join(directory, 'home'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

type File = {
  readonly content?: string;
  readonly directory?: true;
  readonly target?: string;
  readonly mode?: number;
};

async function reconstruct(...args: string[]) {
  const { exitCode, document } = await cli.json('base', 'reconstruct', ...args);
  const releases = (document['releases'] ?? []) as readonly {
    readonly release: string;
    readonly sudo: string;
    readonly files: Readonly<Record<string, File>>;
  }[];
  return { exitCode, document, releases };
}

describe('ashlar base reconstruct', () => {
  it('gives the files of a release with owners, modes and targets, as published or with sudo', async () => {
    const published = await reconstruct('ubuntu:18.04');
    expect(published.releases.map(({ release, sudo }) => [release, sudo])).toEqual([
      ['ubuntu-18.04', 'as-in-image'],
    ]);
    expect(Object.keys(published.releases[0]?.files ?? {})).not.toContain('usr/bin/sudo');
    const { files = {} } = (await reconstruct('bionic', '--sudo', 'installed')).releases[0] ?? {};
    expect(files['usr/bin/sudo']).toMatchObject({ mode: 0o4755 });
    expect(files['bin/sh']).toEqual({ target: 'dash' });
    expect(files['tmp']).toEqual({ directory: true, mode: 0o1777 });
    expect(files['etc/shadow']).toMatchObject({ mode: 0o640, gid: 42 });
    const sudoers = Buffer.from(files['etc/sudoers']?.content ?? '', 'base64').toString();
    expect(sudoers.split('\n').at(29)).toBe('#includedir /etc/sudoers.d');
  });

  it('gives all releases where none is named', async () => {
    const { releases } = await reconstruct('--sudo', 'without-recommends');
    expect(releases).toHaveLength(14);
    for (const { release, files } of releases)
      expect(Object.keys(files), release).toContain('etc/sudoers');
  });

  it('shows people what is where', async () => {
    const { stdout } = await cli.run('base', 'reconstruct', 'ubuntu:26.04', '--sudo', 'installed');
    const text = stdout.toString();
    expect(text).toMatch(/^Ubuntu 26\.04 LTS .*\(ubuntu-26\.04\), sudo installed:$/m);
    expect(text).toMatch(/^link +0777 +0:0 +\/usr\/bin\/sudo -> \/etc\/alternatives\/sudo$/m);
    expect(text).toMatch(/^file +0440 +0:0 +\/etc\/sudoers$/m);
    expect(text).toMatch(/^directory +0750 +1000:1000 +\/home\/ubuntu$/m);
  });

  it('writes an archive that can be imported, and is the release that it is made of', async () => {
    const given = ['ubuntu:22.04', '--sudo', 'installed', '-o', archive];
    const { document } = await reconstruct(...given);
    expect(document).toMatchObject({ release: 'ubuntu-22.04', path: archive });
    const checked = await cli.json('base', 'check', `tar:${archive}`, '--on', 'tree');
    expect(checked.document).toMatchObject({ base: { release: 'ubuntu-22.04' } });
  });

  it.each([
    [['ubuntu:17.04'], 'release_unknown'],
    [['-o', archive], 'invalid_request'],
    [['ubuntu:18.04', 'ubuntu:20.04', '-o', archive], 'invalid_request'],
    [['ubuntu:18.04', '-o', '/no/such/directory/tree.tar'], 'invalid_request'],
    [['ubuntu:18.04', '-o', directory], 'invalid_request'],
    [['ubuntu:18.04', '--sudo', 'somehow'], 'invalid_request'],
  ])('refuses %j as the caller’s: %s', async (args, code) => {
    const { exitCode, document } = await reconstruct(...args);
    expect(exitCode).toBe(2);
    expect(errorIn(document)).toMatchObject({ code, class: 'caller' });
  });
});
