import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkStore } from '../../src/collect/check-store.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { removeTag, setTag } from '../../src/image/references/tags.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createS3ObjectStore } from '../../src/store/s3-object-store.ts';
import { createBucket, startCephRgw, whyNoCephRgw } from '../support/ceph-rgw.ts';
import { pattern } from '../support/awkward-tree.ts';
import { keysOf, snapshot } from '../support/hooked-store.ts';
import { writeSample } from '../image/support/sample-image.ts';
import { collectOn, dayMs, hashDisk } from './support/collect-fixture.ts';

const whyNot = await whyNoCephRgw();
const stack = new AsyncDisposableStack();
let store: ObjectStore | undefined;

beforeAll(async () => {
  if (whyNot !== null) return;
  const rgw = stack.use(await startCephRgw());
  await createBucket(rgw, 'collect');
  const { endpoint, credentials } = rgw;
  const location = { kind: 's3', bucket: 'collect', prefix: `${randomUUID()}/`, endpoint } as const;
  store = await createS3ObjectStore(location, { credentials });
});
afterAll(() => stack.disposeAsync());

describe('a store in S3', () => {
  it.skipIf(whyNot !== null)(
    `is collected, checked and mended as any other${whyNot === null ? '' : ` (${whyNot})`}`,
    async () => {
      if (store === undefined) throw new Error('the gateway is not running');
      const objects = store;
      using imageStore = createImageStore(objects, null);
      const shared = pattern(300_000, 1);
      const files = { shared, bulk: pattern(3_000_000, 2) };
      const fat = (await writeSample(imageStore, files)).digest;
      const thin = (await writeSample(imageStore, { shared })).digest;
      await setTag(objects, { name: 'thin', image: thin, nowMs: 0 });
      await setTag(objects, { name: 'fat', image: fat, nowMs: 0 });
      const expected = await hashDisk(imageStore, thin);
      expect((await checkStore(imageStore, null)).damages).toEqual([]);
      // As if it were later.
      const at = (days: number): number => Date.now() + days * dayMs;

      await removeTag(objects, 'fat');
      const before = await snapshot(objects);
      const planned = await collectOn(imageStore, at(30), { mode: 'report' });
      expect(await snapshot(objects)).toEqual(before);
      const done = await collectOn(imageStore, at(30));
      expect(done).toEqual(planned);
      expect(done).toMatchObject({ removedImages: [fat], rewritten: [expect.any(String)] });
      expect(await hashDisk(imageStore, thin)).toBe(expected);

      const { quarantined } = await collectOn(imageStore, at(30));
      expect(quarantined).toEqual(done.rewritten);
      const { deleted } = await collectOn(imageStore, at(60));
      expect(deleted).toEqual(done.rewritten);
      expect(await hashDisk(imageStore, thin)).toBe(expected);

      const [key = ''] = await keysOf(objects, 'packs/');
      const bytes = await objects.get(key);
      bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
      await objects.replace(key, bytes);
      expect((await checkStore(imageStore, null)).damages.length).toBeGreaterThan(0);
      await writeSample(imageStore, { shared });
      expect((await checkStore(imageStore, null)).damages).toEqual([]);
      expect(await hashDisk(imageStore, thin)).toBe(expected);
    },
  );
});
