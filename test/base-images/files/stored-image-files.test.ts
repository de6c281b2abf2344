import { describe, expect, it } from 'vitest';
import { detectBase } from '../../../base-images/detect/detect-base.ts';
import { storedImageFiles } from '../../../base-images/files/stored-image-files.ts';
import { loadReleases } from '../../../base-images/releases/load-releases.ts';
import {
  createImageStore,
  createMemoryObjectStore,
  digestOf,
  type MeteredObjectStore,
  meterObjectStore,
} from '../../../src/index.ts';
import { failureOf } from '../../support/failures.ts';
import { type Sketches, writeSketch } from '../support/sketched-files.ts';

const base: Sketches = {
  'etc/os-release': 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
  'etc/sudoers': { content: '@includedir /etc/sudoers.d\n', mode: 0o440 },
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
  'bin/sh': { content: '#', mode: 0o755 },
  'var/lib/dpkg/status':
    'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n',
};

/** Bytes that were read, and in how many requests. */
function readsOf(store: MeteredObjectStore): { bytes: number; calls: number } {
  const { get, getRange } = store.counts();
  return { bytes: get.bytes + getRange.bytes, calls: get.calls + getRange.calls };
}

describe('files of a stored image', () => {
  it('are looked at without reading the image or its whole tree', async () => {
    const releases = await loadReleases();
    const many: Record<string, Buffer> = {};
    for (let index = 0; index < 8_000; index += 1)
      many[`usr/share/${index % 160}/${index}`] = Buffer.from(`file ${index} ${Math.sqrt(index)}`);
    const large = { 'opt/large': Buffer.from(Array.from({ length: 4e6 }, (_, at) => at * 7)) };
    const sketch: Sketches = { ...many, ...large, ...base };
    const objects = meterObjectStore(createMemoryObjectStore());
    using imageStore = createImageStore(objects, null);
    const digest = await writeSketch(imageStore, sketch);

    const before = readsOf(objects);
    const files = await storedImageFiles(imageStore, digest);
    const facts = await detectBase(files, { releases });
    const after = readsOf(objects);
    expect(facts.release).toBe('debian-12');
    expect(facts.problems).toEqual([]);
    expect(after.bytes - before.bytes).toBeLessThan(500_000);
    expect(after.calls - before.calls).toBeLessThan(60);
  });

  it('are those of an image that is there', async () => {
    using imageStore = createImageStore(createMemoryObjectStore(), null);
    const missing = digestOf(Buffer.from('no image'));
    const failure = await failureOf(storedImageFiles(imageStore, missing));
    expect(failure.code).toBe('image_not_found');
  });
});
