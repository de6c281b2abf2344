import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allChecks } from '../../../base-images/index.ts';
import { goodBase } from '../../base-images/contract/support/good-base.ts';
import { sketchOnDisk } from '../../base-images/support/sketched-files.ts';
import { type Cli, createCli, errorIn } from '../../cli-images/support/cli.ts';
import { type CheckDocument, findingIn } from './support/check-document.ts';

const directory = mkdtempSync(join(tmpdir(), 'ashlar-base-commands-'));
const tree = join(directory, 'tree');
const archive = join(directory, 'tree.tar');
const isRoot = process.getuid?.() === 0;
let cli: Cli;

beforeAll(async () => {
  cli = createCli(join(directory, 'home'));
  await sketchOnDisk(tree, goodBase);
  execFileSync('tar', ['-C', tree, '-cf', archive, '.']);
});
beforeEach(() => rmSync(join(cli.home, 'matrix'), { recursive: true, force: true }));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Listed {
  readonly release: string;
  readonly support: { readonly state: string; readonly archive: string };
  readonly sudo: string;
  readonly differs: readonly string[];
  readonly facts: { readonly run: number; readonly read: number; readonly unverified: number };
  readonly matrix: readonly { readonly kind: string; readonly outcome: string }[];
}

async function list(): Promise<{ matrix: string | null; releases: readonly Listed[] }> {
  const { exitCode, document } = await cli.json('base', 'ls');
  expect(exitCode).toBe(0);
  return document as unknown as { matrix: string | null; releases: readonly Listed[] };
}

describe('ashlar base ls', () => {
  it('has every release with its support, what differs, and how sure that is', async () => {
    const { matrix, releases } = await list();
    expect(matrix).toBe(null);
    expect(releases.map(({ release }) => release)).toEqual([
      ...['10', '11', '12', '13', '14'].map((version) => `debian-${version}`),
      ...['14.04', '16.04', '18.04', '20.04', '22.04', '24.04', '25.04', '25.10', '26.04'].map(
        (version) => `ubuntu-${version}`,
      ),
    ]);
    const bionic = releases.find(({ release }) => release === 'ubuntu-18.04');
    expect(bionic).toMatchObject({ sudo: 'sudo 1.8.21p2', support: { state: 'frozen' } });
    expect(bionic?.differs).toContain('one error in sudoers locks everybody out');
    for (const { facts } of releases) expect(facts.unverified).toBeGreaterThan(0);
    const { stdout } = await cli.run('base', 'ls');
    const text = stdout.toString();
    expect(text).toMatch(/^ubuntu-26\.04 +supported until .*sudo-rs 0\.2\.13 .*never run$/m);
    expect(text).toMatch(/^debian-10 +ended 2024-06-30 +sudo /m);
    expect(text).toMatch(
      /^ubuntu-18\.04 +frozen, updates ended 2023-05-31 +sudo 1\.8\.21p2 +docker\.io\/library\/ubuntu:18\.04 +/m,
    );
  });

  it('shows the last result of the matrix, and takes a report that is none for none', async () => {
    mkdirSync(join(cli.home, 'matrix'), { recursive: true });
    const path = join(cli.home, 'matrix', 'last.json');
    const row = { kind: 'reconstruction', outcome: 'as-expected', reason: null, problems: [] };
    const cells = [{ verdict: 'passed' }, { verdict: 'not-applicable' }, { verdict: 'known' }];
    const rows = [
      { ...row, release: 'debian-12', cells },
      {
        ...row,
        release: 'debian-12',
        kind: 'real',
        outcome: 'problems',
        problems: ['a', 'b'],
        cells,
      },
    ];
    writeFileSync(path, JSON.stringify({ startedAt: '2026-11-22T18:00:00Z', rows, more: 1 }));
    const { matrix } = await list();
    expect(matrix).toBe('2026-11-22T18:00:00Z');
    const { stdout } = await cli.run('base', 'ls');
    expect(stdout.toString()).toMatch(
      /^debian-12 .*reconstruction: 2 checks, as expected; real: 2 checks, 2 problems$/m,
    );
    for (const text of ['', 'no json', '{}', '[]', '{"startedAt":1,"rows":[]}']) {
      writeFileSync(path, text);
      expect((await list()).matrix, text).toBe(null);
    }
  });
});

describe('ashlar base show', () => {
  it('shows each fact with its source and mark, and what a setup does and why', async () => {
    const { exitCode, stdout } = await cli.run('base', 'show', 'ubuntu:18.04');
    const text = stdout.toString();
    expect(exitCode).toBe(0);
    expect(text).toMatch(/^Ubuntu 18\.04 LTS .*\(ubuntu-18\.04\): frozen, as of \d{4}-\d\d-\d\d$/m);
    for (const section of ['support', 'image', 'sudo', 'sudoers', 'users', 'apt', 'ca', 'boot'])
      expect(text).toMatch(new RegExp(`^${section}:$`, 'm'));
    expect(text).toMatch(/^ +engine +provider sudo, version 1\.8\.21p2 +read +published/m);
    expect(text).toMatch(/^ +local in secure path +yes +NOT VERIFIED +/m);
    // That there is none, and that nobody has seen it, are two things.
    expect(text).toMatch(/^ +uid1000 +none +read/m);
    expect(text).toMatch(/^ +certificates +not known +NOT VERIFIED/m);
    // What every image has is in the tree that the setup is planned for.
    expect(text).not.toMatch(/^ +\S+ +directory +\/(?:dev|proc|run|sys|sbin|home|usr\/lib) /m);
    expect(text).toMatch(/^ +sudoers +file +\/etc\/sudoers\.d\/zz-ashlar +the rule that lets/m);
  });

  it('plans no change of /etc/sudoers for any release', async () => {
    for (const { release } of (await list()).releases) {
      const { document } = await cli.json('base', 'show', release);
      for (const name of ['setup', 'setupWithSudo']) {
        const plan = document[name] as { changes: readonly { path: string }[] };
        const paths = plan.changes.map(({ path }) => path);
        expect(paths, release).toContain('/etc/sudoers.d/zz-ashlar');
        expect(paths, release).not.toContain('/etc/sudoers');
      }
    }
  });

  it('refuses a release that nobody knows, and lists those that it knows', async () => {
    const { exitCode, document } = await cli.json('base', 'show', 'ubuntu:17.04');
    expect(exitCode).toBe(2);
    expect(errorIn(document)).toMatchObject({ code: 'release_unknown', class: 'caller' });
    expect(errorIn(document).message).toContain('ubuntu-18.04');
  });
});

async function check(...args: string[]): Promise<CheckDocument> {
  const { exitCode, document } = await cli.json('base', 'check', ...args);
  return { exitCode, document: document as unknown as CheckDocument['document'] };
}

describe.skipIf(!isRoot)(
  `ashlar base check ${isRoot ? '' : 'needs root for the owners of files'}`,
  () => {
    it('looks at a directory of this machine, of which nothing can be run', async () => {
      const { document } = await check(`dir:${tree}`);
      expect(document).toMatchObject({ image: null, base: { release: 'debian-12' } });
      expect(findingIn(document, 'user-becomes-root').status).toBe('passed');
      for (const id of ['sudo-runs', 'machine-boots'])
        expect(findingIn(document, id)).toMatchObject({
          status: 'not-run',
          reason: expect.stringContaining('image import'),
        });
    });

    it('looks at what image import takes, and leaves no tag', async () => {
      const { document } = await check(`tar:${archive}`, '--on', 'tree');
      expect(document.image).toMatch(/^blake3:/);
      expect(findingIn(document, 'user-becomes-root').status).toBe('passed');
      const { document: images } = await cli.json('image', 'ls');
      expect(JSON.stringify(images)).not.toContain('tree.tar');
      // A digest of the store is found again, whatever it is called.
      const again = await check(document.image ?? '', '--check', 'sudoers-parses');
      expect(again.document.findings.map(({ check: id, status }) => [id, status])).toEqual([
        ['sudoers-parses', 'passed'],
      ]);
      expect(again.exitCode).toBe(0);
    });

    it('says by its exit code who must act, the author before the caller', async () => {
      const onlyCaller = await check(`dir:${tree}`, '--check', 'setup-complete');
      expect(onlyCaller.document.counts.failed).toBe(1);
      expect(onlyCaller.exitCode).toBe(2);
      const both = await check(
        `dir:${tree}`,
        '--check',
        'setup-complete',
        '--check',
        'user-name-valid',
        '--user',
        'my.user',
      );
      expect(both.document.counts.failed).toBe(2);
      expect(both.exitCode).toBe(1);
    });

    it('shows a grid of all checks, and one line with the counts', async () => {
      const { stdout } = await cli.run('base', 'check', `dir:${tree}`, '--on', 'tree');
      const lines = stdout.toString().split('\n');
      for (const { id, on } of allChecks) {
        const rows = lines.filter((line) =>
          new RegExp(`^(passed|FAILED|not applicable|not run) +${id} +${on}\\b`).test(line),
        );
        expect(rows, id).toHaveLength(on === 'tree' ? 1 : 0);
      }
      expect(lines.at(-2)).toMatch(
        /^(nothing failed|\d+ failed), \d+ passed, \d+ not applicable, \d+ not run$/,
      );
    });
  },
);

describe('ashlar base check', () => {
  it('lists the contract itself', async () => {
    const { exitCode, document } = await cli.json('base', 'check', '--list');
    const checks = document['checks'] as readonly { id: string; class: string }[];
    expect(exitCode).toBe(0);
    expect(checks.map(({ id }) => id)).toEqual(allChecks.map(({ id }) => id));
    expect(new Set(checks.map((one) => one.class))).toEqual(
      new Set(['author', 'caller', 'operator']),
    );
    const { stdout } = await cli.run('base', 'check', '--list', '--on', 'boot');
    expect(stdout.toString()).toMatch(/^machine-boots \(boot\): the image boots/m);
    expect(stdout.toString()).not.toMatch(/\(tree\):/);
  });

  it.each([
    [['no-such-image'], 'image_not_found'],
    [['no-such-image', '--check', 'sudo-walks'], 'check_unknown'],
    [['no-such-image', '--on', 'moon'], 'invalid_request'],
    [[], 'invalid_request'],
    [['dir:/no/such/directory'], 'source_invalid'],
  ])('refuses %j as the caller’s: %s', async (args, code) => {
    await cli.run('image', 'ls');
    const { exitCode, document } = await cli.json('base', 'check', ...args);
    expect(exitCode).toBe(2);
    expect(errorIn(document)).toMatchObject({ code, class: 'caller' });
  });
});
