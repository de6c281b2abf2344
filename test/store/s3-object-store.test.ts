import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import type { S3StoreOptions } from '../../src/store/s3-client.ts';
import { createS3ObjectStore } from '../../src/store/s3-object-store.ts';
import { createBucket, startCephRgw, whyNoCephRgw } from '../support/ceph-rgw.ts';
import { type ContractSubject, registerObjectStoreContract } from './object-store-contract.ts';

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

async function openSubject(options: S3StoreOptions): Promise<ContractSubject> {
  if (rgw === undefined) throw new Error('the gateway is not running');
  const { endpoint, credentials } = rgw;
  const location = { kind: 's3', bucket, prefix: `${randomUUID()}/`, endpoint } as const;
  return {
    store: await createS3ObjectStore(location, { credentials, ...options }),
    async [Symbol.asyncDispose]() {},
  };
}

registerObjectStoreContract({
  name: 'S3 (Ceph RGW)',
  skipReason,
  open: () => openSubject({}),
});
