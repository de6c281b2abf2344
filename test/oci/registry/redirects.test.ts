import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ociDigestOf } from '../../../src/oci/oci-digest.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { buildImage } from '../support/build-image.ts';
import { collect } from '../support/byte-streams.ts';
import { rejectionOf } from '../support/failures.ts';
import { fastClient } from '../support/fast-client.ts';
import {
  answerJson,
  firstTimes,
  startTestRegistry,
  type Fault,
  type TestRegistry,
} from '../support/test-registry.ts';

const content = Buffer.from('what a layer holds');
const image = buildImage({ layers: [{ tar: content, compression: 'none' }] });
const blob = { digest: ociDigestOf(content), sizeBytes: content.length };
const credentials = async () => ({
  credential: { kind: 'password', username: 'u', password: 'secret' } as const,
  problem: null,
});
const basic = `Basic ${Buffer.from('u:secret').toString('base64')}`;

let registry: TestRegistry;
let elsewhere: TestRegistry;

beforeAll(async () => {
  registry = await startTestRegistry({ v1: image });
  elsewhere = await startTestRegistry({ v1: image });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await elsewhere[Symbol.asyncDispose]();
});
beforeEach(() => {
  for (const each of [registry, elsewhere]) {
    each.faults.length = 0;
    (each.seen as unknown[]).length = 0;
  }
});

function redirect(target: (path: string) => string, status = 307): Fault {
  return ({ path, headers }, response) => {
    if (headers.authorization === undefined && path.startsWith('/v2/')) {
      response.setHeader('www-authenticate', 'Basic realm="x"');
      return answerJson(response, 401, 'UNAUTHORIZED');
    }
    if (!path.includes('/blobs/')) return false;
    response.writeHead(status, { location: target(path) }).end('moved');
    return true;
  };
}

function fetchBlob(client: ReturnType<typeof fastClient>) {
  const reference = parseReference(`${registry.host}/app:v1`);
  return collect(client.openBlob({ reference, blob }));
}

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])(
    'of status %i are followed to another host',
    async (status) => {
      registry.faults.push(redirect((path) => `http://${elsewhere.host}${path}`, status));
      await using client = fastClient({ credentials });
      expect((await fetchBlob(client)).equals(content)).toBe(true);
    },
  );

  it('never carry Authorization to another host, be it only another port', async () => {
    registry.faults.push(redirect((path) => `http://${elsewhere.host}${path}?signature=abc`));
    elsewhere.faults.push((_, response) => {
      response.end(content);
      return true;
    });
    await using client = fastClient({ credentials });
    await fetchBlob(client);
    expect(registry.seen.at(-1)?.headers.authorization).toBe(basic);
    expect(elsewhere.seen).toHaveLength(1);
    expect(elsewhere.seen[0]?.headers.authorization).toBeUndefined();
  });

  it('keep it on the same host, and take relative addresses', async () => {
    registry.faults.push(({ path, headers }, response) => {
      if (!path.startsWith('/cdn/')) return false;
      response.end(headers.authorization === basic ? content : 'wrong');
      return true;
    });
    registry.faults.push(redirect(() => '/cdn/x'));
    await using client = fastClient({ credentials });
    expect((await fetchBlob(client)).equals(content)).toBe(true);
  });

  it('end after five', async () => {
    registry.faults.push(redirect((path) => path));
    await using client = fastClient({ credentials });
    expect(await rejectionOf(() => fetchBlob(client))).toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringContaining('redirects more than 5 times'),
    });
    expect(registry.seen).toHaveLength(7);
  });

  it.each([
    ['file:///etc/passwd', /address of the kind file:/],
    ['ftp://127.0.0.1/x', /address of the kind ftp:/],
    ['http://user:pass@127.0.0.1/x', /password/],
    ['http://', /nowhere/],
  ])('to %s are not followed', async (location, problem) => {
    registry.faults.push(redirect(() => location));
    await using client = fastClient({ credentials });
    expect(await rejectionOf(() => fetchBlob(client))).toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringMatching(problem),
    });
  });

  it('are asked for anew when the address they gave has expired', async () => {
    registry.faults.push(redirect((path) => `http://${elsewhere.host}${path}`));
    elsewhere.faults.push(firstTimes(2, /blobs/, (_, response) => answerJson(response, 403, 'X')));
    await using client = fastClient({ credentials });
    expect((await fetchBlob(client)).equals(content)).toBe(true);
    expect(registry.seenPaths(/blobs/)).toHaveLength(4);
    expect(elsewhere.seen).toHaveLength(3);
  });

  it('that are refused elsewhere say nothing about the login here, and no secret', async () => {
    registry.faults.push(redirect((path) => `http://${elsewhere.host}${path}?signature=topsecret`));
    elsewhere.faults.push((_, response) => answerJson(response, 403, 'X'));
    await using client = fastClient({ credentials });
    const failure = await rejectionOf(() => fetchBlob(client));
    expect(failure).toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringContaining(`${elsewhere.host}, where ${registry.host} redirected to,`),
    });
    expect(JSON.stringify(failure) + (failure as Error).message).not.toContain('secret');
  });
});
