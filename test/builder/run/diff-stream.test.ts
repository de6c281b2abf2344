import { execFileSync } from 'node:child_process';
import { mkdir, writeFile, link } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withRunStep } from '../../../builder/run/run-step.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import {
  createBench,
  listing,
  rootTimeSec,
  runStep,
  shellStep,
  whyNoSteps,
  type Bench,
  type DiffEntry,
} from './fixture.ts';

let bench: Bench;
let disk: string;

const hasSetcap = (await runCommand('setcap', ['-h']).catch(() => undefined)) !== undefined;

beforeAll(async () => {
  if (whyNoSteps !== '') return;
  bench = await createBench();
  disk = await bench.disk('diff', async (tree) => {
    await mkdir(join(tree, 'data/sub'), { recursive: true });
    for (const name of ['one', 'two', 'sub/three']) await writeFile(join(tree, 'data', name), name);
    await link(join(tree, 'data/one'), join(tree, 'data/one-too'));
    if (hasSetcap) {
      await writeFile(join(tree, 'data/capable'), 'x');
      execFileSync('setcap', ['cap_net_raw+ep', join(tree, 'data/capable')]);
    }
  });
});

afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

async function diffOf(script: string): Promise<readonly DiffEntry[]> {
  const { step, stderr, entries } = await runStep(shellStep(bench, disk, `set -e; ${script}`));
  expect([step.exitCode, stderr]).toEqual([0, '']);
  return entries;
}

function pax(entry: DiffEntry | undefined): Record<string, string> {
  return { ...(entry?.header.pax as Record<string, string> | null | undefined) };
}

function xattrs(entry: DiffEntry | undefined): Record<string, string> {
  const pairs = Object.entries(pax(entry));
  return Object.fromEntries(pairs.filter(([name]) => name.startsWith('SCHILY.xattr.')));
}

function named(entries: readonly DiffEntry[], name: string): DiffEntry | undefined {
  return entries.find((entry) => entry.header.name === name);
}

describe.skipIf(whyNoSteps !== '')(`a step's difference ${whyNoSteps}`, () => {
  it('is the root alone, as it was, when nothing changed; lost+found is not seen', async () => {
    const { stdout, entries } = await runStep(shellStep(bench, disk, 'ls -a /; cat /etc/passwd'));
    expect(stdout).not.toContain('lost+found');
    expect(listing(entries)).toEqual([]);
    const root = named(entries, './');
    expect([root?.header.mode, root?.header.mtime]).toEqual([0o755, new Date(rootTimeSec * 1000)]);
    expect(xattrs(root)).toEqual({});
  });

  it('holds new and changed files whole, in order of their names', async () => {
    const entries = await diffOf('echo 2 >> /data/two; echo new > /data/b; echo new > /data/a');
    expect(listing(entries)).toEqual([
      './data/ directory',
      './data/a file',
      './data/b file',
      './data/two file',
    ]);
    expect(named(entries, './data/two')?.body.toString()).toBe('two2\n');
    expect(xattrs(named(entries, './data/'))).toEqual({});
    expect(xattrs(named(entries, './data/two'))).toEqual({});
  });

  it('marks what was removed with whiteouts', async () => {
    const entries = await diffOf('rm /data/one; rm -r /data/sub; touch /gone; rm /gone');
    expect(listing(entries)).toEqual([
      './data/ directory',
      './data/one whiteout',
      './data/sub whiteout',
    ]);
  });

  it('marks a directory that was replaced as opaque', async () => {
    const entries = await diffOf('rm -r /data; mkdir /data; echo only > /data/only');
    expect(listing(entries)).toEqual(['./data/ directory', './data/only file']);
    expect(xattrs(named(entries, './data/'))).toEqual({
      'SCHILY.xattr.trusted.overlay.opaque': 'y',
    });
  });

  it('copies a renamed directory in full', async () => {
    const entries = await diffOf('mv /data/sub /data/moved');
    expect(listing(entries)).toEqual([
      './data/ directory',
      './data/moved/ directory',
      './data/moved/three file',
      './data/sub whiteout',
    ]);
  });

  it('keeps a directory of its own called lost+found', async () => {
    const kept = await diffOf('mkdir /lost+found; touch /lost+found/mine');
    expect(listing(kept)).toEqual(['./lost+found/ directory', './lost+found/mine file']);
    expect(listing(await diffOf('mkdir /lost+found; rmdir /lost+found'))).toEqual([]);
  });

  it('holds hard links, symbolic links, devices, modes and owners', async () => {
    const entries = await diffOf(
      `cd /data; echo a > a; ln a b; ln -s /nowhere s; mknod null c 1 3; mknod disk b 7 5; mkfifo f
       chown 4000000000:99 a; chmod 4711 a; mkdir -m 1777 t; touch -d '2001-02-03 04:05:06' two`,
    );
    expect(listing(entries)).toEqual([
      './data/ directory',
      './data/a file',
      './data/b link',
      './data/disk block-device',
      './data/f fifo',
      './data/null character-device',
      './data/s symlink',
      './data/t/ directory',
      './data/two file',
    ]);
    const a = named(entries, './data/a');
    expect([a?.header.mode, pax(a)['uid'], a?.header.gid]).toEqual([0o4711, '4000000000', 99]);
    expect(named(entries, './data/b')?.header.linkname).toBe('./data/a');
    expect(named(entries, './data/s')?.header.linkname).toBe('/nowhere');
    expect(named(entries, './data/t/')?.header.mode).toBe(0o1777);
    const device = named(entries, './data/disk')?.header;
    expect([device?.devmajor, device?.devminor]).toEqual([7, 5]);
    const time = new Date('2001-02-03T04:05:06Z').getTime();
    expect(named(entries, './data/two')?.header.mtime?.getTime()).toBe(time);
  });

  it.skipIf(!hasSetcap)('keeps extended attributes over a copy-up (needs setcap)', async () => {
    const entries = await diffOf('chmod 0700 /data/capable');
    expect(Object.keys(xattrs(named(entries, './data/capable')))).toEqual([
      'SCHILY.xattr.security.capability',
    ]);
  });

  it('stores sparse files as such', async () => {
    const entries = await diffOf('truncate -s 50M /data/hole; echo end >> /data/hole');
    const sparse = entries.find((entry) => pax(entry)['GNU.sparse.name'] !== undefined);
    expect(pax(sparse)['GNU.sparse.realsize']).toBe(String(50 * 1024 * 1024 + 4));
    expect(sparse?.body.length).toBeLessThan(20_000);
  });

  it('is the same bytes each time it is read, and for each step that does the same', async () => {
    const script = "echo x > /data/x; rm /data/one; touch -d '2001-01-01 00:00:00' /data /data/x";
    const read = async (): Promise<readonly Buffer[]> =>
      withRunStep(shellStep(bench, disk, script), async (step) => {
        const first = Buffer.concat(await step.diffStream().toArray());
        return [first, Buffer.concat(await step.diffStream().toArray())];
      });
    const [first, again] = await read();
    const [other] = await read();
    expect(first?.length).toBeGreaterThan(0);
    expect(again?.equals(first ?? Buffer.alloc(0))).toBe(true);
    // The whiteout's time is the only thing that tells two runs apart.
    expect(other?.length).toBe(first?.length);
  });
});
