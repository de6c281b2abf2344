import { symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkStore } from '../../../src/collect/check-store.ts';
import { markImages } from '../../../src/collect/mark-images.ts';
import { digestOf } from '../../../src/digest/digest.ts';
import { createTempDir } from '../../../src/disk/temp-dir.ts';
import { createImageStore } from '../../../src/image/image-store.ts';
import { findDamagedLeases } from '../../../src/image/references/image-leases.ts';
import { listImages } from '../../../src/image/references/list-images.ts';
import { findTag, setTag } from '../../../src/image/references/tags.ts';
import { runChecked } from '../../../src/process/run-command.ts';
import { createFsObjectStore } from '../../../src/store/fs-object-store.ts';
import { imageKey } from '../../../src/store/store-paths.ts';

const image = digestOf(Buffer.from('an image'));
const marking = { nowMs: Date.now(), graceMs: 0, keepStepsMs: 0 };

const makers: readonly (readonly [string, (path: string) => Promise<unknown>])[] = [
  ['a symbolic link', (path) => symlink('/etc/hostname', path)],
  ['a link to nowhere', (path) => symlink('/no/such/file', path)],
  ['a named pipe', (path) => runChecked('mkfifo', [path])],
];

describe.each(makers)('%s', (_, make) => {
  it('among the tags is named, and the others are listed; nothing is collected meanwhile', async () => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-foreign-tag');
    const store = await createFsObjectStore(directory.path);
    await store.put(imageKey(image, 'root'), Buffer.from('root'));
    await setTag(store, { name: 'app:v1', image, nowMs: Date.now() });
    await make(join(directory.path, 'tags', 'other%3Av1.json'));
    const { tags, damagedTags } = await listImages(store);
    expect(tags).toMatchObject([{ name: 'app:v1', image }]);
    expect(damagedTags).toMatchObject([
      { name: 'other:v1', damage: { code: 'object_not_a_file' } },
    ]);
    expect(await findTag(store, 'app:v1')).toMatchObject({ image });
    using imageStore = createImageStore(store, null);
    expect((await checkStore(imageStore, null)).damages).toContainEqual(
      expect.objectContaining({ tags: ['other:v1'], code: 'object_not_a_file' }),
    );
    await expect(markImages(store, marking)).rejects.toMatchObject({
      code: 'object_not_a_file',
      message: expect.stringMatching(/^nothing is collected: .*other%3Av1\.json/),
      hint: expect.stringContaining('Move away'),
    });
  });

  it('among the leases is named, and nothing is collected meanwhile', async () => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-foreign-lease');
    const store = await createFsObjectStore(directory.path);
    await store.put('leases/good.json', Buffer.from(`{"image":"${image}","expires":"2000-01-01"}`));
    await make(join(directory.path, 'leases', 'foreign.json'));
    expect(await findDamagedLeases(store)).toMatchObject([{ code: 'object_not_a_file' }]);
    await expect(markImages(store, marking)).rejects.toMatchObject({ code: 'object_not_a_file' });
  });
});
