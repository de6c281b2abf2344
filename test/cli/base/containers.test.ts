import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cli, createCli } from '../../cli-images/support/cli.ts';
import { type CheckDocument, findingIn } from './support/check-document.ts';
import { makeSudoRoot, type RootChanges, whyNoSudo } from './support/sudo-root.ts';

const directory = mkdtempSync(join(tmpdir(), 'ashlar-base-check-'));
let cli: Cli;

beforeAll(() => {
  cli = createCli(join(directory, 'home'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.skipIf(whyNoSudo !== '')(`base check in containers, with a real sudo ${whyNoSudo}`, () => {
  it('holds for an image that was set up: every check in a container passes, and visudo agrees', async () => {
    await importRoot('good');
    await succeed('base', 'setup', 'good:base', '-t', 'good:up');
    const { exitCode, document } = await check('good:up', '--on', 'tree,container');
    const failures = document.findings.filter(({ status }) => status === 'failed');
    expect({ exitCode, failures }).toEqual({ exitCode: 0, failures: [] });
    expect(passedIn(document)).toEqual(
      expect.arrayContaining([
        'sudo-runs',
        'sudo-lists',
        'sudo-other-user',
        'sudo-passes-variables',
        'sudo-home',
        'sudo-path',
        'visudo-agrees',
        'setuid-kept',
        'no-new-privileges',
        'no-nosuid',
        'dev-null-in-container',
      ]),
    );
    expect(findingIn(document, 'visudo-agrees').evidence).toContain('/etc/sudoers: parsed OK');
    // Neither steps nor the disk that they ran on.
    expect(readdirSync(join(cli.home, 'run'))).toEqual([]);
  });

  it('fails as sudo does, where a rule that is read later takes the right back', async () => {
    await importRoot('later', {
      files: { 'etc/sudoers.d/zzz-mine': { content: 'user ALL=(ALL:ALL) ALL\n', mode: 0o440 } },
    });
    await succeed('base', 'setup', 'later:base', '-t', 'later:up');
    const { exitCode, document } = await check('later:up', '--on', 'tree,container');
    expect(exitCode).toBe(1);
    expect(findingIn(document, 'user-rule-last')).toMatchObject({
      status: 'failed',
      failure: { class: 'author', place: { path: '/etc/sudoers.d/zzz-mine', line: null } },
    });
    const runs = findingIn(document, 'sudo-runs');
    expect(runs.status).toBe('failed');
    expect(runs.evidence.join('\n')).toMatch(/sudo: a password is required/);
    expect(findingIn(document, 'visudo-agrees').status).toBe('passed');
  });

  it('names file and line of an author’s broken file, and the real visudo names the same', async () => {
    await importRoot('broken', {
      files: { 'etc/sudoers.d/mine': { content: '# mine\ngarbage here|\n', mode: 0o440 } },
    });
    await succeed('base', 'setup', 'broken:base', '-t', 'broken:up');
    const { exitCode, document } = await check('broken:up', '--on', 'tree,container');
    expect(exitCode).toBe(1);
    expect(findingIn(document, 'sudoers-lines-hold').failure?.place).toEqual({
      path: '/etc/sudoers.d/mine',
      line: 2,
    });
    const agrees = findingIn(document, 'visudo-agrees');
    expect(agrees.status).toBe('passed');
    expect(agrees.evidence.join('\n')).toMatch(/\/etc\/sudoers\.d\/mine:2:\d+: syntax error/);
    // sudo goes on without the line.
    expect(findingIn(document, 'sudo-runs').status).toBe('passed');
  });
});

async function importRoot(name: string, changes: RootChanges = {}): Promise<void> {
  const place = join(directory, name);
  mkdirSync(place);
  const archive = makeSudoRoot(place, changes);
  await succeed('image', 'import', `tar:${archive}`, '-t', `${name}:base`, '--disk', '256M');
}

async function succeed(...args: string[]): Promise<void> {
  const { exitCode, stderr } = await cli.run(...args);
  if (exitCode !== 0) throw new Error(`ashlar ${args.join(' ')} ended with ${exitCode}: ${stderr}`);
}

async function check(image: string, ...args: string[]): Promise<CheckDocument> {
  const { exitCode, document } = await cli.json('base', 'check', image, ...args);
  return { exitCode, document: document as unknown as CheckDocument['document'] };
}

function passedIn({ findings }: CheckDocument['document']): readonly string[] {
  return findings.flatMap(({ check: id, status }) => (status === 'passed' ? [id] : []));
}
