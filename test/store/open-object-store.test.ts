import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../src/disk/temp-dir.ts';
import type { AshlarError } from '../../src/errors/ashlar-error.ts';
import { runChecked } from '../../src/process/run-command.ts';
import { openObjectStore } from '../../src/store/open-object-store.ts';
import { createS3ObjectStore } from '../../src/store/s3-object-store.ts';
import { type CephRgw, createBucket, startCephRgw, whyNoCephRgw } from '../support/ceph-rgw.ts';
import { listed } from './object-store-listing-contract.ts';

const formatText = '{"format":"ashlar-store","version":1}\n';

function tempDir(): Promise<TempDir> {
  return createTempDir(tmpdir(), 'ashlar-open-store');
}

describe('openObjectStore on a directory', () => {
  it('makes a store where there is nothing, and opens it again', async () => {
    await using directory = await tempDir();
    const url = pathToFileURL(join(directory.path, 'deep', 'store')).href;
    const store = await openObjectStore(`${url}/`);
    expect(store.url).toBe(url);
    expect((await store.get('ashlar-store.json')).toString()).toBe(formatText);
    await store.put('one', Buffer.from('1'));
    const again = await openObjectStore(url, { create: 'never' });
    expect((await again.get('one')).toString()).toBe('1');
  });

  it.each(['', '/missing', '/missing/deeper'])(
    'reports, and makes nothing, when told never to make a store at %j',
    async (below) => {
      await using directory = await tempDir();
      const url = pathToFileURL(directory.path).href + below;
      await expect(openObjectStore(url, { create: 'never' })).rejects.toMatchObject({
        code: 'store_missing',
        message: expect.stringContaining(url),
      });
      expect(await readdir(directory.path)).toEqual([]);
    },
  );

  it('opens in eight openers at once', async () => {
    await using directory = await tempDir();
    const url = pathToFileURL(join(directory.path, 'store')).href;
    const stores = await Promise.all(Array.from({ length: 8 }, () => openObjectStore(url)));
    expect(new Set(stores.map((store) => store.url))).toEqual(new Set([url]));
  });

  it('takes the empty top of a new ext4 file system', async () => {
    await using directory = await tempDir();
    await mkdir(join(directory.path, 'lost+found'));
    await openObjectStore(pathToFileURL(directory.path).href);
    expect((await readdir(directory.path)).sort()).toEqual([
      'ashlar-store.json',
      'lost+found',
      '~tmp',
    ]);
  });

  it.each(['my notes.txt', 'packs', '.git'])('refuses a directory that holds %j', async (name) => {
    await using directory = await tempDir();
    await writeFile(join(directory.path, name), '');
    await expect(openObjectStore(pathToFileURL(directory.path).href)).rejects.toMatchObject({
      code: 'store_url_invalid',
      message: expect.stringContaining(name),
      hint: expect.stringContaining('--store'),
    });
    expect(await readdir(directory.path)).toEqual([name]);
  });

  it.each([
    ['empty text', ''],
    ['text that is no JSON', 'hello'],
    ['another format', '{"format":"restic","version":1}'],
    ['a version that is no number', '{"format":"ashlar-store","version":"1"}'],
    ['version 0', '{"format":"ashlar-store","version":0}'],
    ['null', 'null'],
    ['far too much', ' '.repeat(100_000)],
  ])('refuses a format object with %s', async (_, text) => {
    await using directory = await tempDir();
    await writeFile(join(directory.path, 'ashlar-store.json'), text);
    await expect(openObjectStore(pathToFileURL(directory.path).href)).rejects.toMatchObject({
      code: 'store_url_invalid',
      message: expect.stringContaining('ashlar-store.json was not written by Ashlar'),
    });
    expect(await readdir(directory.path)).toEqual(['ashlar-store.json']);
  });

  it('says how to write back the format object of a store with images', async () => {
    await using directory = await tempDir();
    const url = pathToFileURL(directory.path).href;
    const store = await openObjectStore(url);
    await store.put(`images/${'ab'.repeat(32)}.root`, Buffer.from('root'));
    await store.delete('ashlar-store.json');
    const failure: unknown = await openObjectStore(url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'store_format_missing' });
    const [, text = ''] = /its text is (.*)$/.exec((failure as AshlarError).hint) ?? [];
    await writeFile(join(directory.path, 'ashlar-store.json'), text);
    await openObjectStore(url, { create: 'never' });
  });

  it('refuses a folder in the place of the format object', async () => {
    await using directory = await tempDir();
    await mkdir(join(directory.path, 'ashlar-store.json'));
    await expect(openObjectStore(pathToFileURL(directory.path).href)).rejects.toMatchObject({
      code: 'store_url_invalid',
    });
  });

  it('names a store of a newer format', async () => {
    await using directory = await tempDir();
    const text = '{"format":"ashlar-store","version":2,"more":true}';
    await writeFile(join(directory.path, 'ashlar-store.json'), text);
    await expect(openObjectStore(pathToFileURL(directory.path).href)).rejects.toMatchObject({
      code: 'store_newer_format',
      data: { version: 2, knownVersion: 1 },
    });
  });

  it.each(['', '/below'])('names a file where the directory should be%s', async (below) => {
    await using directory = await tempDir();
    const path = join(directory.path, 'file');
    await writeFile(path, '');
    await expect(openObjectStore(pathToFileURL(path).href + below)).rejects.toMatchObject({
      code: 'store_url_invalid',
      message: expect.stringContaining('not a directory'),
    });
  });
});

describe('openObjectStore in a command that starts', () => {
  it.each([
    ['file:', false],
    ['s3:', true],
  ])('of %s, has the AWS SDK loaded: %j', async (scheme, loaded) => {
    await using directory = await tempDir();
    const url =
      scheme === 'file:'
        ? pathToFileURL(directory.path).href
        : 's3://bucket?endpoint=http://127.0.0.1:1';
    const door = pathToFileURL(join(import.meta.dirname, '../../src/store/open-object-store.ts'));
    const script = `
      const { openObjectStore } = await import(${JSON.stringify(door.href)});
      await openObjectStore(${JSON.stringify(url)}, { s3: { credentials: { accessKeyId: 'a', secretAccessKey: 'b' } } })
        .catch(() => {});
      const { createRequire } = await import('node:module');
      const files = Object.keys(createRequire(${JSON.stringify(door.href)}).cache);
      console.log(files.some((file) => file.includes('@aws-sdk')));
    `;
    const { stdout } = await runChecked(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.toString().trim()).toBe(String(loaded));
  });
});

const skipReason = await whyNoCephRgw();
const suffix = skipReason === null ? '' : ` (skipped: ${skipReason})`;

describe.skipIf(skipReason !== null)(`openObjectStore on S3${suffix}`, () => {
  const stack = new AsyncDisposableStack();
  const bucket = 'opening';
  let rgw: CephRgw;

  beforeAll(async () => {
    rgw = stack.use(await startCephRgw());
    await createBucket(rgw, bucket);
  });
  afterAll(() => stack.disposeAsync());

  it('makes a store below a prefix, and opens it again', async () => {
    const url = `s3://${bucket}/team/a?endpoint=${rgw.endpoint}&region=eu-west-1`;
    const options = { s3: { credentials: rgw.credentials } };
    await expect(openObjectStore(url, { ...options, create: 'never' })).rejects.toMatchObject({
      code: 'store_missing',
    });
    const store = await openObjectStore(url, options);
    expect(store.url).toBe(url);
    expect((await store.get('ashlar-store.json')).toString()).toBe(formatText);
    const again = await openObjectStore(url, { ...options, create: 'never' });
    expect((await listed(again, '')).map((info) => info.key)).toEqual(['ashlar-store.json']);
  });

  it('takes the credentials from the environment', async () => {
    const url = `s3://${bucket}/environment?endpoint=${encodeURIComponent(rgw.endpoint)}`;
    using _ = environment({
      AWS_ACCESS_KEY_ID: rgw.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: rgw.credentials.secretAccessKey,
    });
    const store = await openObjectStore(url);
    expect(await store.put('one', Buffer.from('1'))).toBe('created');
  });

  it('says so when there are no credentials', async () => {
    using _ = environment({
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_PROFILE: undefined,
      AWS_SHARED_CREDENTIALS_FILE: '/no/such/file',
      AWS_CONFIG_FILE: '/no/such/file',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    const url = `s3://${bucket}/none?endpoint=${rgw.endpoint}`;
    await expect(openObjectStore(url)).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('needs credentials'),
      hint: expect.stringContaining('AWS_ACCESS_KEY_ID'),
    });
  });

  it('refuses a prefix that holds other things', async () => {
    const { endpoint, credentials } = rgw;
    const location = { kind: 's3', bucket, prefix: 'photos/', endpoint } as const;
    const other = await createS3ObjectStore(location, { credentials });
    await other.put('holiday.jpg', Buffer.from('1'));
    const url = `s3://${bucket}/photos?endpoint=${endpoint}`;
    await expect(openObjectStore(url, { s3: { credentials } })).rejects.toMatchObject({
      code: 'store_url_invalid',
      message: expect.stringContaining('holiday.jpg'),
    });
  });
});

/** Sets variables of this process until disposed; the SDK's credential chain reads them nowhere else. */
function environment(values: Readonly<Record<string, string | undefined>>): Disposable {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  for (const [name, value] of Object.entries(values)) setVariable(name, value);
  return {
    [Symbol.dispose]() {
      for (const [name, value] of before) setVariable(name, value);
    },
  };
}

function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
