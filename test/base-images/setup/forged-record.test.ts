import { describe, expect, it } from 'vitest';
import { storedImageFiles } from '../../../base-images/files/stored-image-files.ts';
import { listOfChanges, recordPath } from '../../../base-images/setup/record/setup-record.ts';
import { undoSetup } from '../../../base-images/setup/undo-setup.ts';
import { debianSketch, setUp, stored } from './support/set-up.ts';

const root = { mode: 0o644, uid: 0, gid: 0 };
const facts = { ...root, mtime: { sec: 0, nsec: 0 }, xattrs: [] as [string, string][] };
const nothing = { type: 'nothing' };
const file = {
  type: 'file',
  content: { keepsStart: 0, keepsEnd: 0, removed: 'YQ==' },
  linkedWith: null,
};

/** An image whose files are a hostile author's, the list of changes among them. */
function forged(entry: { path?: string; after?: object; before?: object }) {
  const whole = {
    path: 'usr/forged',
    step: 'user',
    why: '',
    after: nothing,
    before: nothing,
    ...entry,
  };
  return stored({ ...debianSketch, [recordPath]: JSON.stringify({ format: 1, entries: [whole] }) });
}

describe('a forged list of changes', () => {
  it.each([
    [
      'a path whose characters are no bytes',
      { path: 'usr/a\u012f..\u012fb', before: { ...file, ...facts } },
    ],
    ['a name that would be ..', { path: 'usr/\u012e\u012e', before: { ...file, ...facts } }],
    ['a name that would be NUL', { path: 'usr/a\ud800', before: { ...file, ...facts } }],
    ['a name of 256 bytes', { path: `usr/${'a'.repeat(256)}`, before: { ...file, ...facts } }],
    ['a link to a NUL', { before: { type: 'symlink', target: 'a\0b', ...facts } }],
    ['a link to no bytes', { before: { type: 'symlink', target: '\u0100', ...facts } }],
    ['a link to nothing', { before: { type: 'symlink', target: '', ...facts } }],
    ['an endless link', { before: { type: 'symlink', target: 'a'.repeat(4096), ...facts } }],
    ['a uid beyond 32 bits', { before: { ...file, ...facts, uid: 2 ** 40 } }],
    ['an attribute without a name', { before: { ...file, ...facts, xattrs: [['', 'YQ==']] } }],
    [
      'an attribute of no namespace',
      { before: { ...file, ...facts, xattrs: [['bogus.a', 'YQ==']] } },
    ],
    [
      'an endless attribute',
      {
        before: { ...file, ...facts, xattrs: [['user.a', Buffer.alloc(5000).toString('base64')]] },
      },
    ],
    [
      'an ACL that is none',
      { before: { ...file, ...facts, xattrs: [['system.posix_acl_access', 'YQ==']] } },
    ],
  ])('is none with %s', async (_, entry) => {
    const image = await forged(entry);
    await expect(undoSetup(image.imageStore, image.digest)).rejects.toMatchObject({
      code: 'base_file_unusable',
      message: expect.stringContaining('/usr/lib/ashlar/setup.json'),
    });
  });

  it('puts no file or link in the place of a directory with others in it', async () => {
    const sketch = await stored(debianSketch);
    const etc = await (await storedImageFiles(sketch.imageStore, sketch.digest)).at('etc');
    const after = { type: 'directory', mode: etc?.mode, uid: etc?.uid, gid: etc?.gid };
    for (const before of [
      { ...file, ...facts },
      { type: 'symlink', target: '/tmp', ...facts },
    ]) {
      const image = await forged({ path: 'etc', after, before });
      const undone = await undoSetup(image.imageStore, image.digest);
      expect(undone).toMatchObject({ restored: [], left: [{ path: 'etc' }] });
    }
  });
});

describe('a base whose homes and skeletons are endless', () => {
  it('is set up without the home', async () => {
    const passwd = `root:x:0:0:root:/root:/bin/sh\nu:x:1000:1000::${'/a'.repeat(1500)}:/bin/sh\n`;
    const { plan } = await setUp(await stored({ ...debianSketch, 'etc/passwd': passwd }));
    expect(plan.changes.length).toBeGreaterThan(0);
    expect(plan.changes.filter(({ path }) => path.startsWith('a/'))).toEqual([]);
    expect(plan.notes).toContainEqual(
      expect.objectContaining({ step: 'user', what: 'u has no home that could be made' }),
    );
  });

  it('has a list in its provenance that ends with how many are not in it', () => {
    const entries = Array.from({ length: 300 }, (_, index) => ({
      path: `home/${index}/${'\u0001'.repeat(1000)}`,
      step: 'user' as const,
      why: 'the home of u',
      after: { type: 'nothing' as const },
      before: { type: 'nothing' as const },
    }));
    const list = listOfChanges(entries);
    expect(list.length).toBeLessThan(100);
    expect(JSON.stringify(list).length).toBeLessThan(300_000);
    expect(list.at(-1)).toMatchObject({
      path: `/${recordPath}`,
      why: `${301 - list.length} more changes are listed in this file`,
    });
  });
});
