import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliBench, type CliResult, createCliBench, documentOf, jsonOf } from './cli-bench.ts';

let bench: CliBench;

beforeAll(async () => {
  bench = await createCliBench();
});
afterAll(async () => {
  await bench?.requireClean();
  await bench?.[Symbol.asyncDispose]();
});

const pem = readFileSync(new URL('../base-images/setup/support/authority.crt', import.meta.url));

interface SetUpDocument {
  readonly image: string;
  readonly digest: string;
  readonly changes: readonly { readonly path: string; readonly step: string }[];
  readonly newStoredBytes: number;
  readonly left: readonly { readonly path: string }[];
  readonly notes: readonly unknown[];
  readonly user: { readonly name: string; readonly uid: number };
}

const setup = (...args: readonly string[]): Promise<CliResult> =>
  bench.run(['base', 'setup', ...args, '--output', 'json']);
const setupDocument = async (...args: readonly string[]): Promise<SetUpDocument> =>
  jsonOf(await setup(...args)) as SetUpDocument;

describe('ashlar base setup', () => {
  it('sets an image up, twice with no difference, and takes it out again', async () => {
    const dry = await setupDocument('base:test', '--dry-run');
    const first = await setupDocument('base:test', '-t', 'machine');
    expect(first.user).toEqual({ name: 'node', uid: 1000 });
    expect(first.changes).toEqual(dry.changes);
    expect(first.newStoredBytes).toBeLessThan(2e6);
    expect(first.changes.map(({ path }) => path)).toContain('/etc/sudoers.d/zz-ashlar');
    const { changes, notes, user, digest } = first;
    expect(await setupDocument('base:test', '-t', 'machine')).toMatchObject({
      digest,
      changes,
      notes,
      user,
    });
    expect(await setupDocument('machine', '-t', 'again')).toMatchObject({
      digest,
      changes: [],
    });
    // What is remembered of it says the same.
    expect(await setupDocument('machine', '-t', 'again')).toMatchObject({ digest, changes: [] });
    const undone = await setupDocument('again', '-t', 'before', '--undo');
    expect(undone).toMatchObject({ digest: first.image, left: [] });
    const cat = await bench.run(['image', 'cat', 'machine', '/etc/sudoers.d/zz-ashlar']);
    expect(cat.stdout).toContain('node ALL=(ALL:ALL) NOPASSWD: ALL\n');
  });

  it('says in words what it does, and why', async () => {
    const { stdout } = await bench.run(['base', 'setup', 'base:test', '--dry-run']);
    expect(stdout).toMatch(/^the user is node \(uid 1000\)\n/);
    expect(stdout).toContain('added /etc/hosts (hosts: localhost and ashlar are found)');
    expect(stdout).toContain('kept, user: node (uid 1000) is the user');
  });

  it('points at mirrors and trusts an authority where that is asked for', async () => {
    const ca = join(bench.path, 'authority.crt');
    await writeFile(ca, pem);
    const mirror = ['--npm-registry', 'https://mirror.example/npm', '--ca', ca];
    const { digest, changes } = await setupDocument('base:test', '-t', 'mirrored', ...mirror);
    const paths = changes.map(({ path }) => path);
    expect(paths).toContain('/etc/npmrc');
    expect(paths.some((path) => path.startsWith('/usr/local/share/ca-certificates/'))).toBe(true);
    expect((await setupDocument('base:test', '-t', 'plain')).digest).not.toBe(digest);
  });

  it('refuses what the image cannot have, and a name that begins with a dash', async () => {
    const taken = await setup('base:test', '-t', 'refused', '--user', 'other', '--uid', '1000');
    expect(documentOf(taken).error).toMatchObject({
      code: 'setup_refused',
      class: 'caller',
      message: expect.stringContaining('the uid 1000 is that of node'),
    });
    const dashed = await setup('base:test', '-t', 'refused', '--user=-rf');
    expect(documentOf(dashed).error).toMatchObject({ code: 'user_name_invalid', class: 'caller' });
    expect((await bench.run(['image', 'ls'])).stdout).not.toContain('refused');
  });

  it.each([
    ['no name'],
    ['--undo with --dry-run', '-t', 'odd', '--undo', '--dry-run'],
    ['--undo with a user', '-t', 'odd', '--undo', '--user', 'dev'],
    ['--undo without init', '-t', 'odd', '--undo', '--no-init'],
  ])('is told of %s, and does nothing', async (_, ...args) => {
    const result = await setup('base:test', ...args);
    expect([result.exitCode, documentOf(result).error]).toMatchObject([
      2,
      { code: 'invalid_request' },
    ]);
    expect((await bench.run(['image', 'ls'])).stdout).not.toContain('odd');
  });

  it('leaves the user of a base that was set up with one, also at the end of a build', async () => {
    const asked = ['--user', 'dev', '--uid', '2000', '--no-init'];
    await setupDocument('base:test', '-t', 'dev:test', ...asked);
    const checked = await bench.run(['base', 'check', 'dev:test', '--check', 'setup-complete']);
    expect([checked.exitCode, checked.stdout]).toEqual([0, expect.stringContaining('passed')]);
    const built = await bench.build('FROM dev:test\nCOPY file /srv/\n', {
      context: { file: 'x' },
      args: ['--output', 'json'],
    });
    expect(documentOf(built)).toMatchObject({ setup: { user: { name: 'dev', uid: 2000 } } });
    const image = documentOf(built).digest;
    expect((await bench.run(['image', 'cat', image, '/etc/sudoers.d/zz-ashlar'])).stdout).toContain(
      '\ndev ALL=',
    );
  });

  it('does not fail for provenance that somebody else has written', async () => {
    const { digest } = await setupDocument('base:test', '-t', 'machine');
    const name = `${digest.slice('blake3:'.length)}.provenance`;
    const file = join(bench.path, 'store/images', name);
    for (const setup of [{ made: 'x' }, 7, { notes: [{}], made: [{}], user: 'me' }]) {
      await writeFile(file, JSON.stringify({ kind: 'setup', setup }));
      expect(await setupDocument('base:test', '-t', 'machine')).toMatchObject({ digest });
    }
  });
});

describe('ashlar build', () => {
  // Without it what is copied has the time of the build.
  const epoch = { SOURCE_DATE_EPOCH: '1700000000' };
  const dockerfile = 'FROM base:test\nCOPY file /srv/\nCMD ["cat", "/srv/file"]\n';
  const build = async (file: string, ...args: readonly string[]) => {
    const result = await bench.build(dockerfile, {
      context: { file },
      args: ['-t', 'app', '--output', 'json', ...args],
      env: epoch,
    });
    expect([result.exitCode, result.stderr]).toEqual([0, expect.anything()]);
    return { ...documentOf(result), stderr: result.stderr };
  };
  const inspected = async (name: string) =>
    jsonOf(await bench.run(['image', 'inspect', name, '--output', 'json'])) as {
      digest: string;
      provenance: {
        kind: string;
        dockerfile: string;
        setup?: { base: string; changes: unknown[] };
      };
    };

  it('ends with the setup, and the tag names what came of it', async () => {
    const built = await build('one');
    const { digest, provenance } = await inspected('app');
    expect(digest).toBe(built.digest);
    expect(provenance).toMatchObject({ kind: 'build', dockerfile: 'Dockerfile' });
    expect(provenance.setup?.changes.length).toBeGreaterThan(3);
    expect(built.stderr).toMatch(/^setup: \d+ changes; the user is node \(uid 1000\)$/m);
    expect((await build('one')).digest).toBe(digest);
    expect((await inspected('app')).provenance).toMatchObject(provenance);

    const plain = await build('one', '--no-setup');
    expect(plain.digest).toBe(provenance.setup?.base);
    const made = await setupDocument('app', '-t', 'by-hand');
    expect(made.digest).toBe(digest);
  });

  it('gives the same after a change, whatever was built before', async () => {
    const { digest } = await build('two');
    const { digest: plain } = await build('two', '--no-setup');
    const env = { ...epoch, ASHLAR_STORE: `file://${bench.path}/other-store` };
    const imported = [
      'image',
      'import',
      `tar:${bench.baseArchive}`,
      '-t',
      'base:test',
      '--disk',
      '256M',
    ];
    expect((await bench.run(imported, { env })).exitCode).toBe(0);
    const alone = await bench.build(dockerfile, {
      context: { file: 'two' },
      args: ['--output', 'json'],
      env,
    });
    expect(documentOf(alone).digest).toBe(digest);
    expect(digest).not.toBe(plain);
  });

  it('says before its steps what the setup will have to leave out, and does not fail for it', async () => {
    const none = await bench.build('FROM base:test\nRUN false\n', {
      args: ['--progress', 'plain'],
    });
    expect(none.stderr).not.toContain('BaseSetup');
    const scratch = await bench.build('FROM scratch\nCOPY file /\n', {
      context: { file: 'x' },
      args: ['-t', 'nothing:there'],
    });
    expect(scratch.exitCode).toBe(0);
    const after = await bench.build('FROM nothing:there\nCOPY file /again\n', {
      context: { file: 'x' },
    });
    expect(after.exitCode).toBe(0);
    expect(after.stderr).toMatch(/stays as it is[^\n]*\(BaseSetup\)\n[^]*#1 \[0 1\/1\] COPY/);
  });
});
