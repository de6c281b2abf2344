import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reconstructTree } from '../../../base-images/reconstruct/reconstruct-release.ts';
import { loadReleases } from '../../../base-images/releases/load-releases.ts';
import { createImageStore, openObjectStore, setTag } from '../../../src/index.ts';
import { writeSketch } from '../../base-images/support/sketched-files.ts';
import { type Cli, createCli } from '../../cli-images/support/cli.ts';

const releases = await loadReleases();
const home = mkdtempSync(join(tmpdir(), 'ashlar-build-finds-'));
let cli: Cli;

beforeAll(async () => {
  cli = createCli(home);
  for (const id of ['ubuntu-18.04', 'ubuntu-24.04']) await storeBase(id);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('a build whose Dockerfile copies sudoers files', () => {
  it.each([
    {
      title: 'a line that this sudo leaves out',
      base: 'ubuntu-24.04',
      dropIn: '# mine\ngarbage here\n',
      says: /setup, sudoers: sudo leaves something out: \/etc\/sudoers\.d\/50-mine:2: syntax error: Mend line 2 of \/etc\/sudoers\.d\/50-mine, or remove it; [^\n]*\(BaseSetup\)/,
    },
    {
      title: 'a setting that is none',
      base: 'ubuntu-24.04',
      dropIn: 'Defaults nonsense\n',
      says: /setup, sudoers: sudo complains of a setting: \/etc\/sudoers\.d\/50-mine:1: unknown defaults entry "nonsense": Mend line 1 of [^\n]*\(BaseSetup\)/,
    },
    {
      title: 'a line that locks everybody out',
      base: 'ubuntu-18.04',
      dropIn: 'garbage here\n',
      says: /setup, sudoers: sudo works for nobody: \/etc\/sudoers\.d\/50-mine:1: syntax error: Mend line 1 of \/etc\/sudoers\.d\/50-mine, or remove it; [^\n]*\(BaseSetup\)/,
    },
    {
      title: 'the line of 2018, where it is an error',
      base: 'ubuntu-18.04',
      dropIn: '@includedir /etc/more.d\n',
      says: /setup, sudoers: sudo works for nobody: \/etc\/sudoers\.d\/50-mine:1: syntax error: sudo 1\.8\.21p2 knows no line that begins with @[^\n]*Write line 1 of \/etc\/sudoers\.d\/50-mine with # in place of @[^\n]*\(BaseSetup\)/,
    },
  ])('tells with the mend: $title', async ({ base, dropIn, says }) => {
    const { exitCode, stderr } = await build(base, dropIn);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stderr).toMatch(says);
    // A second build, of which all is remembered, tells it too.
    expect((await build(base, dropIn)).stderr).toMatch(says);
  });

  it('says nothing of files that hold, also after builds whose files did not', async () => {
    const { exitCode, stderr } = await build('ubuntu-24.04', '%ops ALL=(root) /usr/bin/id\n');
    expect({ exitCode, warned: stderr.includes('BaseSetup') }).toEqual({
      exitCode: 0,
      warned: false,
    });
  });
});

describe('base setup', () => {
  it('lists what it found in the way', async () => {
    await build('ubuntu-24.04', 'garbage here\n', '--no-setup');
    const { stdout } = await cli.run('base', 'setup', 'built:1', '--dry-run');
    expect(stdout.toString()).toMatch(
      /^found, sudoers: sudo leaves something out: \/etc\/sudoers\.d\/50-mine:1: syntax error \(Mend line 1 of /m,
    );
  });
});

async function build(base: string, dropIn: string, ...flags: string[]) {
  const directory = mkdtempSync(join(home, 'context-'));
  writeFileSync(join(directory, '50-mine'), dropIn, { mode: 0o440 });
  writeFileSync(
    join(directory, 'Dockerfile'),
    `FROM base/${base}:1\nCOPY 50-mine /etc/sudoers.d/50-mine\n`,
  );
  return cli.run('build', directory, '-t', 'built:1', '--progress', 'plain', ...flags);
}

async function storeBase(id: string): Promise<void> {
  const release = releases.find((one) => one.id === id);
  if (release === undefined) throw new Error(`no release ${id}`);
  const objects = await openObjectStore(`file://${cli.storeDir}`, { create: 'if-missing' });
  using imageStore = createImageStore(objects, null);
  const image = await writeSketch(imageStore, reconstructTree(release, { sudo: 'installed' }));
  await setTag(objects, { name: `base/${id}:1`, image, nowMs: Date.now() });
}
