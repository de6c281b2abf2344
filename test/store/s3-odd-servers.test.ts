import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openObjectStore } from '../../src/store/open-object-store.ts';
import { createS3ObjectStore } from '../../src/store/s3-object-store.ts';
import { scratchDir } from '../support/scratch.ts';
import { listed } from './object-store-listing-contract.ts';

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface OddServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly store: ObjectStore;
  /** The methods asked for, in order. */
  readonly methods: readonly string[];
}

const scratch = scratchDir('s3-odd');
const credentials = { accessKeyId: 'AKTEST', secretAccessKey: 'SKTEST' };
const timeouts = { connectMs: 1_000, idleMs: 300, totalMs: 10_000 };
const bytes = Buffer.from('0123456789');

/** A server that answers each request as `answerOf` says; the number of the request starts at 1. */
async function startOddServer(
  answerOf: (request: IncomingMessage, number: number) => Answer,
): Promise<OddServer> {
  const methods: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    request.on('end', () => {
      methods.push(request.method ?? '');
      const answer = answerOf(request, methods.length);
      response.writeHead(answer.status, answer.headers);
      response.end(request.method === 'HEAD' ? undefined : answer.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const location = { kind: 's3', bucket: 'odd', prefix: '', endpoint } as const;
  return {
    endpoint,
    methods,
    store: await createS3ObjectStore(location, { credentials, timeouts }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function errorAnswer(status: number, code: string): Answer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>words</Message></Error>`;
  return { status, headers: { 'content-type': 'application/xml' }, body };
}

function listEntry(key: string): string {
  return `<Contents><Key>${key}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>`;
}

describe('S3 store: what servers other than AWS may answer', () => {
  it.each([
    [507, 'InsufficientStorage'],
    [403, 'QuotaExceeded'],
  ])('calls %i %s a full store', async (status, code) => {
    await using server = await startOddServer(() => errorAnswer(status, code));
    const expected = {
      code: 'store_full',
      message: expect.stringMatching(new RegExp(`bucket odd at ${server.endpoint} .*${code}`)),
    };
    await expect(server.store.put('one', bytes)).rejects.toMatchObject(expected);
    await expect(server.store.replace('one', bytes)).rejects.toMatchObject(expected);
    const file = import.meta.filename;
    await expect(server.store.putFile('one', file)).rejects.toMatchObject(expected);
  });

  it('signs the bytes of a file, and puts it again after a conflict or an unwell server', async () => {
    const path = join(scratch, 'file');
    const content = randomBytes(1_300_000);
    writeFileSync(path, content);
    const hashes: (string | string[] | undefined)[] = [];
    await using server = await startOddServer((request, number) => {
      if (request.method === 'HEAD') return { status: 404 };
      hashes.push(request.headers['x-amz-content-sha256']);
      if (number === 2) return errorAnswer(409, 'ConditionalRequestConflict');
      return number === 4 ? errorAnswer(503, 'SlowDown') : { status: 200 };
    });
    expect(await server.store.putFile('one', path)).toBe('created');
    expect(server.methods).toEqual(['HEAD', 'PUT', 'HEAD', 'PUT', 'HEAD', 'PUT']);
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(hashes).toEqual([sha256, sha256, sha256]);
  });

  it('names a file that shrinks while it is sent', async () => {
    const path = join(scratch, 'shrinking');
    writeFileSync(path, Buffer.alloc(2_000_000, 1));
    await using server = await startOddServer((request) => {
      truncateSync(path, 1_000_000);
      return { status: request.method === 'HEAD' ? 404 : 200 };
    });
    await expect(server.store.putFile('one', path)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining(`${path}: it changed from 2000000 to 1000000 bytes`),
    });
  });

  it('puts again after a conflict with another request', async () => {
    await using server = await startOddServer((_, number) =>
      number < 3 ? errorAnswer(409, 'ConditionalRequestConflict') : { status: 200 },
    );
    expect(await server.store.put('one', bytes)).toBe('created');
    expect(server.methods).toEqual(['PUT', 'PUT', 'PUT']);
  });

  it('gives up on conflicts that do not end', async () => {
    await using server = await startOddServer(() => errorAnswer(409, 'ConditionalRequestConflict'));
    await expect(server.store.put('one', bytes)).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('ConditionalRequestConflict'),
    });
    expect(server.methods).toHaveLength(5);
  });

  it('tries again what failed for a moment', async () => {
    await using server = await startOddServer((_, number) =>
      number < 3
        ? errorAnswer(503, 'SlowDown')
        : { status: 200, headers: { 'content-length': '10' }, body: bytes.toString() },
    );
    expect((await server.store.get('one')).toString()).toBe('0123456789');
  });

  it('names a server that cannot put conditionally', async () => {
    await using server = await startOddServer(() => errorAnswer(501, 'NotImplemented'));
    await expect(server.store.put('one', bytes)).rejects.toMatchObject({
      code: 'store_url_invalid',
      hint: expect.stringContaining('If-None-Match'),
    });
  });

  it('refuses to make a store where a put overwrites', async () => {
    const objects = new Map<string, string>();
    await using server = await startOddServer((request) => {
      const path = new URL(request.url ?? '', 'http://host').pathname;
      if (request.method === 'PUT') objects.set(path, 'anything');
      if (request.method === 'DELETE') objects.delete(path);
      if (request.method !== 'GET') return { status: 200 };
      if (path === '/odd' || path === '/odd/') {
        const none = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';
        return { status: 200, body: `<?xml version="1.0"?>${none}` };
      }
      return errorAnswer(404, 'NoSuchKey');
    });
    const url = `s3://odd?endpoint=${server.endpoint}`;
    await expect(openObjectStore(url, { s3: { credentials } })).rejects.toMatchObject({
      code: 'store_url_invalid',
      message: expect.stringContaining('overwrites'),
    });
    expect(objects.size).toBe(0);
  });

  it.each([
    ['the whole object', { status: 200, body: '0123456789' }],
    ['another range', { status: 206, headers: { 'content-range': 'bytes 0-2/10' }, body: '012' }],
  ])('does not take %s for the range it asked for', async (_, answer) => {
    await using server = await startOddServer(() => answer);
    const expected = {
      code: 'store_unreachable',
      message: expect.stringContaining('answers a range with'),
    };
    await expect(server.store.getRange('one', 4, 3)).rejects.toMatchObject(expected);
    const range = { offset: 4, lengthBytes: 3 };
    await expect(server.store.openRead('one', range)).rejects.toMatchObject(expected);
    await expect(server.store.openRead('one', { offset: 4 })).rejects.toMatchObject(expected);
  });

  it('stops reading a body of unknown length at maxBytes', async () => {
    await using server = await startOddServer(() => ({
      status: 200,
      headers: { 'transfer-encoding': 'chunked' },
      body: 'x'.repeat(100_000),
    }));
    await expect(server.store.get('one', { maxBytes: 5000 })).rejects.toMatchObject({
      code: 'object_too_large',
    });
    expect(await server.store.get('one')).toHaveLength(100_000);
  });

  const page = { headers: { 'content-type': 'text/html' }, body: '<html><p>hello' };

  it.each([200, 400, 403, 404, 500])('takes a %i page of HTML for no listing', async (status) => {
    await using server = await startOddServer(() => ({ ...page, status }));
    await expect(listed(server.store, '')).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining(`bucket odd at ${server.endpoint}`),
    });
  });

  it.each([400, 403, 404, 500])('takes a %i page of HTML for no missing object', async (status) => {
    await using server = await startOddServer(() => ({ ...page, status }));
    await expect(server.store.get('one')).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining(`bucket odd at ${server.endpoint}`),
    });
  });

  it('names a bucket in another region', async () => {
    await using server = await startOddServer(() => errorAnswer(301, 'PermanentRedirect'));
    await expect(server.store.get('one')).rejects.toMatchObject({
      code: 'store_unreachable',
      hint: expect.stringContaining('region'),
    });
  });

  it('refuses a listing that is not sorted', async () => {
    const body = `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${listEntry('b')}${listEntry('a')}</ListBucketResult>`;
    await using server = await startOddServer(() => ({ status: 200, body }));
    await expect(listed(server.store, '')).rejects.toMatchObject({
      code: 'store_url_invalid',
      message: expect.stringContaining('lists b before a'),
    });
  });

  it.each([
    ['an empty answer', ''],
    ['an answer of another kind', '<?xml version="1.0"?><CopyObjectResult/>'],
    [
      'a part without a next',
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated>${listEntry('a')}</ListBucketResult>`,
    ],
  ])('takes %s for no whole listing', async (_, body) => {
    await using server = await startOddServer(() => ({ status: 200, body }));
    await expect(listed(server.store, '')).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining(`bucket odd at ${server.endpoint}`),
    });
  });

  it('passes over names in the bucket that are no keys', async () => {
    const body = `<?xml version="1.0"?><ListBucketResult>${['a b', 'folder/', 'one'].map(listEntry).join('')}</ListBucketResult>`;
    await using server = await startOddServer(() => ({ status: 200, body }));
    expect((await listed(server.store, '')).map((info) => info.key)).toEqual(['one']);
  });

  it('ends an upload that nobody reads, in bounded time', async () => {
    const server = createTcpServer((socket) => socket.pause());
    await using stack = new AsyncDisposableStack();
    stack.defer(() => void server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const location = { kind: 's3', bucket: 'odd', prefix: '', endpoint } as const;
    const store = await createS3ObjectStore(location, { credentials, timeouts });
    await expect(store.put('one', Buffer.alloc(32 * 1024 * 1024))).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining(`bucket odd at ${endpoint}`),
    });
  });
});
