import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { createS3ObjectStore } from '../../src/store/s3-object-store.ts';
import { createBucket, startCephRgw, whyNoCephRgw } from '../support/ceph-rgw.ts';
import { registerObjectStoreContract } from './object-store-contract.ts';

const skipReason = await whyNoCephRgw();
const bucket = 'contract';
const stack = new AsyncDisposableStack();
let rgw: Awaited<ReturnType<typeof startCephRgw>> | undefined;

beforeAll(async () => {
  if (skipReason !== null) return;
  rgw = stack.use(await startCephRgw());
  await createBucket(rgw, bucket);
});
afterAll(() => stack.disposeAsync());

registerObjectStoreContract({
  name: 'S3 (Ceph RGW)',
  skipReason,
  async open() {
    if (rgw === undefined) throw new Error('the gateway is not running');
    const { endpoint, credentials } = rgw;
    const prefix = `${randomUUID()}/`;
    return {
      store: await createS3ObjectStore({ kind: 's3', bucket, prefix, endpoint }, { credentials }),
      async [Symbol.asyncDispose]() {},
    };
  },
});
