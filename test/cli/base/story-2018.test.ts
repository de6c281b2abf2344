import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reconstructTree } from '../../../base-images/reconstruct/reconstruct-release.ts';
import { loadReleases } from '../../../base-images/releases/load-releases.ts';
import { createImageStore, openObjectStore, setTag } from '../../../src/index.ts';
import { type Sketches, writeSketch } from '../../base-images/support/sketched-files.ts';
import { type Cli, createCli } from '../../cli-images/support/cli.ts';
import { type CheckDocument, findingIn } from './support/check-document.ts';

const releases = await loadReleases();
const home = mkdtempSync(join(tmpdir(), 'ashlar-story-'));
let cli: Cli;

beforeAll(() => {
  cli = createCli(home);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const appended = '@includedir /etc/sudoers.d\n';
const rule = { content: 'dev ALL=(ALL) NOPASSWD:ALL\n', mode: 0o440 };

/** What sudo 1.8.21p2 was recorded to say of it, at every call. */
const recorded = [
  '>>> /etc/sudoers: syntax error near line 31 <<<',
  'sudo: parse error in /etc/sudoers near line 31',
  'sudo: no valid sudoers sources found, quitting',
  'sudo: unable to initialize policy plugin',
];

describe('the setup of 2018: a line appended to /etc/sudoers', () => {
  it('fails on line 31, and is the author’s to mend: the line is named, explained, and the mend holds', async () => {
    await store('story:old', withLine(baseOf('ubuntu-18.04'), appended));
    const { exitCode, document } = await check('story:old', '--user', 'dev');
    expect(exitCode).toBe(1);
    const failed = findingIn(document, 'sudoers-parses');
    expect(failed).toMatchObject({
      status: 'failed',
      failure: {
        code: 'base_sudoers_broken',
        class: 'author',
        place: { path: '/etc/sudoers', line: 31 },
      },
    });
    expect(failed.evidence).toEqual([
      '/etc/sudoers:31: syntax error',
      'line 31 is: @includedir /etc/sudoers.d',
      ...recorded,
    ]);
    expect(failed.failure?.mend).toMatch(
      /sudo 1\.8\.21p2 knows no line that begins with @.*Remove line 31 of \/etc\/sudoers: line 30 includes/,
    );
    expect(findingIn(document, 'sudoers-one-include').failure?.place?.line).toBe(31);
    expect(findingIn(document, 'user-becomes-root').evidence[0]).toMatch(/nobody can use sudo/);
    expect(classesIn(document)).not.toContain('platform');

    // As the mend says: without the line that is named, and with nothing in its place.
    const line = failed.failure?.place?.line ?? 0;
    await store('story:mended', withoutLine(withLine(baseOf('ubuntu-18.04'), appended), line));
    const mended = await check('story:mended', '--user', 'dev');
    for (const id of ['sudoers-parses', 'sudoers-one-include', 'user-becomes-root'])
      expect(findingIn(mended.document, id)).toMatchObject({ check: id, status: 'passed' });
  });

  it('is told to people with the line, why it matters, who acts and the mend', async () => {
    const { exitCode, stdout } = await cli.run(
      'base',
      'check',
      'story:old',
      '--on',
      'tree',
      '--user',
      'dev',
    );
    const text = stdout.toString();
    expect(exitCode).toBe(1);
    expect(text).toMatch(/^FAILED +sudoers-parses +tree +\/etc\/sudoers:31: syntax error$/m);
    expect(text).toMatch(/^ {2}code: base_sudoers_broken; to act: the author of the image/m);
    expect(text).toMatch(/^ {2}mend: .*Remove line 31/m);
    expect(text).not.toMatch(/internal|platform/);
  });

  it.each(releases.map((release) => [release.id, release] as const))(
    'on %s does what was recorded of its sudo',
    async (id, release) => {
      const line = release.sudoers.lines.value + 1;
      await store(`old/${id}:1`, withLine(baseOf(id), appended));
      const { document } = await check(`old/${id}:1`, '--check', 'sudoers-parses');
      const finding = findingIn(document, 'sudoers-parses');
      if (release.sudoers.acceptedIncludes.value.includes('@')) {
        expect(finding.status).toBe('passed');
        return;
      }
      expect(finding.failure?.place).toEqual({ path: '/etc/sudoers', line });
      expect(finding.evidence).toContain(`>>> /etc/sudoers: syntax error near line ${line} <<<`);
    },
  );
});

describe('the setup of Ashlar', () => {
  it.each(releases.map((release) => [release.id, release] as const))(
    'on %s leaves /etc/sudoers as it was, and an image that holds the contract',
    async (id, { support, apt }) => {
      await store(`new/${id}:base`, baseOf(id));
      const plain = await check(`new/${id}:base`);
      expect(findingIn(plain.document, 'setup-complete')).toMatchObject({
        status: 'failed',
        failure: { class: 'caller' },
      });
      const setup = await cli.run('base', 'setup', `new/${id}:base`, '-t', `new/${id}:up`);
      expect({ exitCode: setup.exitCode, stderr: setup.stderr }).toMatchObject({ exitCode: 0 });
      const { exitCode, document } = await check(`new/${id}:up`);
      const failures = document.findings.filter(({ status }) => status === 'failed');
      // Only an author can say where apt shall look when the suites have moved.
      const hasMoved = support.archive.value === 'historical' && apt.archiveUri.value !== null;
      expect({ exitCode, failures: failures.map((one) => one.check) }).toEqual(
        hasMoved ? { exitCode: 1, failures: ['apt-archive-there'] } : { exitCode: 0, failures: [] },
      );
      for (const one of ['sudoers-unchanged', 'user-becomes-root', 'setup-complete'])
        expect(findingIn(document, one)).toMatchObject({ check: one, status: 'passed' });
    },
  );
});

/** An image of the release with sudo. */
function baseOf(id: string): Sketches {
  const release = releases.find((one) => one.id === id);
  if (release === undefined) throw new Error(`no release ${id}`);
  return reconstructTree(release, { sudo: 'installed' });
}

/** As the setup of 2018 left it: a user, a rule in a file of its own, and a line after the last one of /etc/sudoers. */
function withLine(base: Sketches, line: string): Sketches {
  const text = contentOf(base['etc/sudoers']);
  return {
    ...base,
    'etc/passwd': `${contentOf(base['etc/passwd']).toString()}dev:x:1234:1234::/home/dev:/bin/bash\n`,
    'etc/sudoers': { content: Buffer.concat([text, Buffer.from(line)]), mode: 0o440 },
    'etc/sudoers.d/90-dev': rule,
  };
}

/** /etc/sudoers without a line of it. */
function withoutLine(base: Sketches, line: number): Sketches {
  const lines = contentOf(base['etc/sudoers']).toString('latin1').split('\n');
  const content = lines.toSpliced(line - 1, 1).join('\n');
  return { ...base, 'etc/sudoers': { content, mode: 0o440 } };
}

function contentOf(sketch: Sketches[string] | undefined): Buffer {
  const content = typeof sketch === 'object' && 'content' in sketch ? sketch.content : sketch;
  if (typeof content === 'string') return Buffer.from(content, 'latin1');
  if (Buffer.isBuffer(content)) return content;
  throw new Error('no file');
}

async function store(name: string, files: Sketches): Promise<void> {
  const objects = await openObjectStore(`file://${cli.storeDir}`, { create: 'if-missing' });
  using imageStore = createImageStore(objects, null);
  const image = await writeSketch(imageStore, files);
  await setTag(objects, { name, image, nowMs: Date.now() });
}

async function check(image: string, ...args: string[]): Promise<CheckDocument> {
  const places = args.includes('--check') ? [] : ['--on', 'tree'];
  const { exitCode, document } = await cli.json('base', 'check', image, ...places, ...args);
  return { exitCode, document: document as unknown as CheckDocument['document'] };
}

function classesIn({ findings }: CheckDocument['document']): readonly string[] {
  return findings.flatMap(({ failure }) => (failure === null ? [] : [failure.class]));
}
