import { describe, expect, it } from 'vitest';
import { recordPath } from '../../../base-images/setup/record/setup-record.ts';
import { undoSetup } from '../../../base-images/setup/undo-setup.ts';
import {
  createContentIntake,
  type Digest,
  type FileTree,
  type Inode,
  type ImageStore,
  loadTree,
  openImage,
  writeImage,
} from '../../../src/index.ts';
import { diffImages } from '../../../src/image/diff-images.ts';
import { readJsonObject } from '../../../src/image/json-object.ts';
import { imageKey } from '../../../src/store/store-paths.ts';
import { storedImageFiles } from '../../../base-images/files/stored-image-files.ts';
import { createTempDir, createFileSpool } from '../../../src/index.ts';
import { tmpdir } from 'node:os';
import { authority, debianSketch, setUp, stored, textAt } from './support/set-up.ts';

const program = { content: 'program', mode: 0o755 };
const awkward = {
  ...debianSketch,
  'usr/sbin/policy-rc.d': { content: '#!/bin/sh\nexit 101\n', mode: 0o755 },
  'usr/sbin/initctl': program,
  'usr/sbin/initctl.distrib': { content: Buffer.alloc(200_000, 'initctl'), mode: 0o750, uid: 3 },
  'var/lib/dpkg/diversions': '/sbin/initctl\n/sbin/initctl.distrib\n:\n',
  'etc/resolv.conf': { target: '../run/resolvconf/resolv.conf' },
  'etc/sudoers.d': { directory: true, mode: 0o777, uid: 4 },
  'etc/hosts': { content: '127.0.0.1 localhost', mode: 0o444, uid: 2, gid: 3 },
  'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
} as const;
const options = { ca: [authority], npmRegistry: new URL('http://mirror.example') };

/** What a later step of a Dockerfile does to the files. */
async function step(
  imageStore: ImageStore,
  digest: Digest,
  work: (tree: FileTree, file: (text: string) => Inode) => void,
): Promise<Digest> {
  const image = await openImage(imageStore, digest);
  const writer = imageStore.createWriter();
  writer.know(await image.locations());
  const { tree, knownBins } = await loadTree(imageStore, image);
  await using temp = await createTempDir(tmpdir(), 'step');
  using spool = createFileSpool(temp.path);
  const intake = createContentIntake(writer, spool);
  work(tree, (text) => ({
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: { sec: 1_800_000_000, nsec: 5 },
    xattrs: [],
    sizeBytes: Buffer.byteLength(text),
    content: intake.addSmall(Buffer.from(text)),
  }));
  const { config, diskBytes } = image.root;
  const provenance = { kind: 'step' };
  const input = { tree, config, diskBytes, provenance, writer, knownBins };
  return (await writeImage(imageStore, input)).digest;
}

describe('taking a setup out again', () => {
  it('gives the image as it was, to the last byte', async () => {
    const base = await stored(awkward);
    const first = await setUp(base, options);
    expect(first.plan.refusals).toEqual([]);
    const { digest, left, restored } = await undoSetup(base.imageStore, first.digest);
    expect([digest, left]).toEqual([base.digest, []]);
    expect(restored.length).toBeGreaterThan(15);
  });

  it('takes out what several setups did, one after the other', async () => {
    const base = await stored(awkward);
    const first = await setUp(base, { user: 'one' });
    const second = await setUp(first, { ...options, user: 'two' });
    expect(second.plan.changes.length).toBeGreaterThan(0);
    const third = await setUp(second, { ...options, user: 'one' });
    const undone = await undoSetup(base.imageStore, third.digest);
    expect(undone).toMatchObject({ digest: base.digest, left: [] });
  });

  it('keeps what later steps did, and names what they changed of it', async () => {
    const base = await stored(awkward);
    const first = await setUp(base, options);
    const later = await step(base.imageStore, first.digest, (tree, file) => {
      tree.put('usr/share', { ...tree.root.inode, type: 'directory' });
      tree.put('usr/share/later', file('later'));
      tree.put('etc/npmrc', file('registry=http://mine.example\n'));
      tree.put('home/user/work', file('mine'));
      tree.remove('etc/hostname');
    });
    const { digest, left } = await undoSetup(base.imageStore, later);
    expect(left.map(({ path }) => path).toSorted()).toEqual([
      'etc/hostname',
      'etc/npmrc',
      'home/user',
    ]);
    const { files } = await diffImages(
      await openImage(base.imageStore, base.digest),
      await openImage(base.imageStore, digest),
    );
    expect(files.map(({ path }) => path)).toEqual([
      'etc/hostname',
      'etc/npmrc',
      'home/user',
      'home/user/work',
      'usr/share',
      'usr/share/later',
    ]);
  });

  it('gives names of one file back to one file', async () => {
    const base = await stored(awkward);
    const linked = await step(base.imageStore, base.digest, (tree) => {
      const inode = tree.lookup('etc/hosts')?.inode;
      if (inode !== undefined) tree.put('etc/hosts.old', inode);
    });
    const first = await setUp({ ...base, digest: linked }, options);
    const files = await storedImageFiles(base.imageStore, first.digest);
    expect(await textAt(files, 'etc/hosts.old')).toBe('127.0.0.1 localhost');
    expect(await undoSetup(base.imageStore, first.digest)).toMatchObject({ digest: linked });
  });

  it('leaves an image alone that was not set up, and what is said of how it came to be', async () => {
    const base = await stored(awkward);
    expect(await undoSetup(base.imageStore, base.digest)).toEqual({
      digest: base.digest,
      restored: [],
      left: [],
    });
    const first = await setUp(base, options);
    await undoSetup(base.imageStore, first.digest);
    const { objects } = base.imageStore;
    expect(await readJsonObject(objects, imageKey(base.digest, 'provenance'))).toEqual({
      kind: 'sketch',
    });
  });

  it.each([
    'no JSON',
    '{}',
    '{"format":1,"entries":[{"path":"../etc/passwd"}]}',
    '{"format":1,"entries":[{"path":"a/../../b","step":"user","why":"","after":{"type":"nothing"},"before":{"type":"nothing"}}]}',
  ])('trusts no list that says %s', async (text) => {
    const base = await stored({ ...awkward, [recordPath]: text });
    await expect(undoSetup(base.imageStore, base.digest)).rejects.toMatchObject({
      code: 'base_file_unusable',
    });
    const { plan } = await setUp(base, options);
    expect(plan.refusals).toEqual([]);
  });
});

describe('what was changed', () => {
  it('is listed in the provenance, without what was there', async () => {
    const base = await stored(awkward);
    const first = await setUp(base, options);
    const { objects } = base.imageStore;
    const provenance = await readJsonObject(objects, imageKey(first.digest, 'provenance'));
    const { setup } = provenance as { setup: { base: Digest; changes: { path: string }[] } };
    expect(setup.base).toBe(base.digest);
    expect(setup.changes.map(({ path }) => path).toSorted()).toEqual(
      first.plan.changes.map(({ path }) => `/${path}`).toSorted(),
    );
    expect(setup.changes).toContainEqual({
      path: '/usr/sbin/policy-rc.d',
      step: 'docker-leftovers',
      change: 'removed',
      why: 'it forbids services to start when they are installed',
    });
    expect(JSON.stringify(provenance)).not.toContain('before');
  });

  it('is for root alone in the image, as what was in /etc/shadow is in it', async () => {
    const { files } = await setUp(await stored(awkward), options);
    expect(await files.at(recordPath)).toMatchObject({ mode: 0o600, uid: 0, gid: 0 });
  });

  it('has the time of /etc, and changes no directory', async () => {
    const base = await stored(awkward);
    const first = await setUp(base, options);
    const tree = await (await openImage(base.imageStore, first.digest)).tree();
    const mtime = (await tree.lookup('etc'))?.mtime;
    expect(await tree.lookup('etc/passwd')).toMatchObject({ mtime });
    expect(await tree.lookup('usr/lib/ashlar')).toMatchObject({ mtime });
  });
});
