import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ociDigestOf, type OciDigest } from '../../../src/oci/oci-digest.ts';
import { openImageSource } from '../../../src/oci/open-image-source.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import { buildImage } from '../support/build-image.ts';
import { collect, drain, noise } from '../support/byte-streams.ts';
import { rejectionOf } from '../support/failures.ts';
import { fastClient } from '../support/fast-client.ts';
import { makeTar } from '../support/make-tar.ts';
import { openLayer } from '../support/open-layer.ts';
import {
  answerJson,
  firstTimes,
  startTestRegistry,
  type Fault,
  type TestRegistry,
} from '../support/test-registry.ts';

const tar = makeTar({ noise: noise(6_000_000) });
const image = buildImage({ layers: [{ tar, compression: 'gzip' }] });
const { layers } = JSON.parse(image.bytes.toString()) as {
  layers: { digest: OciDigest; size: number }[];
};
const blob = { digest: layers[0]?.digest as OciDigest, sizeBytes: layers[0]?.size ?? 0 };
const smallBlob = Buffer.from('a small blob');
const other = buildImage({ layers: [{ tar: smallBlob, compression: 'none' }] });
const amd64 = 'linux/amd64';
const cutAt = 2_500_000;

let registry: TestRegistry;

beforeAll(async () => {
  registry = await startTestRegistry({ v1: image, other });
});
afterAll(() => registry[Symbol.asyncDispose]());
beforeEach(() => {
  registry.faults.length = 0;
  (registry.seen as unknown[]).length = 0;
});

function referenceTo(tag = 'v1') {
  return parseReference(`${registry.host}/app:${tag}`);
}

/** Sends the first bytes of the answer and then does something else. */
function after(sentBytes: number, next: (fault: Parameters<Fault>[1]) => void): Fault {
  return (request, response, bytes) => {
    const offset = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
    const whole = bytes ?? Buffer.alloc(0);
    const head = {
      'content-length': String(whole.length - offset),
      ...(offset === 0
        ? {}
        : { 'content-range': `bytes ${offset}-${whole.length - 1}/${whole.length}` }),
    };
    response.writeHead(offset === 0 ? 200 : 206, head);
    response.write(whole.subarray(offset, offset + sentBytes), () => next(response));
    return true;
  };
}

const resets: Fault = after(cutAt, (response) => response.socket?.resetAndDestroy());
const stalls: Fault = after(cutAt, () => {});
const endsCleanly: Fault = (_, response, bytes) => {
  response.writeHead(200);
  response.end(bytes?.subarray(0, cutAt));
  return true;
};
const ignoresRange: Fault = (_, response, bytes) => {
  response.writeHead(200, { 'content-length': String(bytes?.length) }).end(bytes);
  return true;
};

const wrong: Fault = (_, response, bytes) => {
  const reply = Buffer.from(bytes ?? '');
  reply[2] = (reply[2] ?? 0) ^ 1;
  response.writeHead(200, { 'content-length': String(reply.length) }).end(reply);
  return true;
};

describe('a large layer', () => {
  it.each([
    ['reset', resets, 3],
    ['stalled', stalls, 1],
    ['cut short without an error', endsCleanly, 1],
  ])('that is %s is resumed where it broke off', async (_, fault, times) => {
    registry.faults.push(firstTimes(times, /blobs/, fault));
    await using client = fastClient({ timeouts: { bodyIdleMs: 400 } });
    const bytes = await collect(client.openBlob({ reference: referenceTo(), blob }));
    expect(ociDigestOf(bytes)).toBe(blob.digest);
    const ranges = registry.seen.map(({ headers }) => headers.range);
    expect(ranges).toHaveLength(1 + client.sleptMs.length);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ''))).toBe(true);
  });

  it('goes on where the registry ignores Range, from the right byte', async () => {
    registry.faults.push(firstTimes(1, /blobs/, resets), firstTimes(1, /blobs/, ignoresRange));
    await using client = fastClient();
    const bytes = await collect(client.openBlob({ reference: referenceTo(), blob }));
    expect(ociDigestOf(bytes)).toBe(blob.digest);
    expect(registry.seen).toHaveLength(2);
  });

  it('does not take a range that was not asked for', async () => {
    registry.faults.push(
      firstTimes(1, /blobs/, resets),
      firstTimes(1, /blobs/, (_, response, bytes) => {
        const rest = bytes?.subarray(7) ?? Buffer.alloc(0);
        const range = `bytes 7-${blob.sizeBytes - 1}/${blob.sizeBytes}`;
        response.writeHead(206, { 'content-range': range }).end(rest);
        return true;
      }),
    );
    await using client = fastClient();
    const bytes = await collect(client.openBlob({ reference: referenceTo(), blob }));
    expect(ociDigestOf(bytes)).toBe(blob.digest);
    expect(registry.seen).toHaveLength(3);
  });

  it('that breaks off without progress is given up after 5 attempts', async () => {
    registry.faults.push(firstTimes(1, /blobs/, resets));
    registry.faults.push((_, response) => {
      response.socket?.resetAndDestroy();
      return true;
    });
    await using client = fastClient();
    const result = await drain(client.openBlob({ reference: referenceTo(), blob }));
    expect(result.error).toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringMatching(/\/app:v1, blob sha256:\w+: .* \(5 attempts\)$/),
    });
    // The first attempt brought more than 1 MiB, and so does not count.
    expect(client.sleptMs).toEqual([187.5, 375, 750, 1500]);
  });

  it('with a wrong byte never ends cleanly, and is not called right', async () => {
    registry.faults.push((request, response, bytes) => {
      if (!request.path.includes(blob.digest)) return false;
      const wrong = Buffer.from(bytes ?? '');
      wrong[3_000_000] = (wrong[3_000_000] ?? 0) ^ 1;
      response.writeHead(200, { 'content-length': String(wrong.length) }).end(wrong);
      return true;
    });
    await using client = fastClient();
    const raw = await drain(client.openBlob({ reference: referenceTo(), blob }));
    expect(raw.error).toMatchObject({ code: 'registry_corrupt' });

    const name = `docker://${registry.host}/app:v1`;
    await using source = await openImageSource(name, { platform: amd64, registryClient: client });
    const layer = await drain(openLayer(source));
    expect(layer.error).toMatchObject({ code: 'registry_corrupt' });
  });

  it('of another length is refused before a byte is handed on', async () => {
    registry.faults.push((_, response) => {
      response.writeHead(200).end('<html>Pay here for the network</html>');
      return true;
    });
    registry.faults.unshift((_, response) => {
      const page = '<html>Pay here for the network</html>';
      response.writeHead(200, { 'content-length': String(page.length) }).end(page);
      return true;
    });
    await using client = fastClient();
    const { bytes, error } = await drain(client.openBlob({ reference: referenceTo(), blob }));
    expect(bytes).toHaveLength(0);
    expect(error).toMatchObject({
      code: 'registry_corrupt',
      message: expect.stringContaining(`37 bytes instead of ${blob.sizeBytes} (5 attempts)`),
    });
  });

  it('lets go of the connection when the reader leaves, though the registry has stalled', async () => {
    const closed = Promise.withResolvers<void>();
    registry.faults.push(
      firstTimes(9, /blobs/, (request, response, bytes) => {
        if (!request.path.includes(blob.digest)) return false;
        response.on('close', () => closed.resolve());
        return stalls(request, response, bytes);
      }),
    );
    await using client = fastClient({ timeouts: { bodyIdleMs: 120_000 } });
    const name = `docker://${registry.host}/app:v1`;
    await using source = await openImageSource(name, { platform: amd64, registryClient: client });
    let seenBytes = 0;
    for await (const chunk of openLayer(source)) {
      seenBytes += chunk.length;
      if (seenBytes < cutAt - 600_000) continue;
      // The rest of what comes before the stall fits into the buffers, and a read is pending after it.
      for (let turn = 0; turn < 300; turn += 1) await setImmediate();
      break;
    }
    expect(seenBytes).toBeLessThan(blob.sizeBytes);
    await closed.promise;
  }, 20_000);

  it('that comes in pieces is not given up as long as each brings enough', async () => {
    const closes = after(1_100_000, (response) => response.socket?.destroy());
    registry.faults.push(firstTimes(9, /blobs/, closes));
    await using client = fastClient();
    const bytes = await collect(client.openBlob({ reference: referenceTo(), blob }));
    expect(ociDigestOf(bytes)).toBe(blob.digest);
    expect(client.sleptMs.length).toBeGreaterThanOrEqual(5);
    expect(new Set(client.sleptMs)).toEqual(new Set([187.5]));
  });

  it('stops with the reason of the signal, though the registry has stalled', async () => {
    registry.faults.push(stalls);
    await using client = fastClient({ timeouts: { bodyIdleMs: 60_000 } });
    const controller = new AbortController();
    const reason = new Error('enough');
    const { signal } = controller;
    const stream = client.openBlob({ reference: referenceTo(), blob, signal });
    let seenBytes = 0;
    const reading = (async () => {
      for await (const chunk of stream) {
        seenBytes += chunk.length;
        if (seenBytes >= cutAt) controller.abort(reason);
      }
    })();
    expect(await rejectionOf(() => reading)).toBe(reason);
  });
});

describe('a manifest or a small blob', () => {
  it.each([
    ['429', 429, 'TOOMANYREQUESTS'],
    ['502', 502, 'UNKNOWN'],
    ['503', 503, 'UNAVAILABLE'],
  ])('is asked for again after %s', async (_, status, code) => {
    registry.faults.push(
      firstTimes(4, /manifests/, (_r, response) => answerJson(response, status, code)),
    );
    await using client = fastClient();
    expect((await client.fetchManifest(referenceTo())).digest).toBe(image.digest);
    expect(client.sleptMs).toEqual([187.5, 375, 750, 1500]);
  });

  it('waits as long as Retry-After says, up to a limit', async () => {
    const later = new Date(Date.now() + 20_000).toUTCString();
    for (const value of ['7', '3600', later, 'soon']) {
      registry.faults.push(
        firstTimes(1, /manifests/, (_, response) =>
          answerJson(response, 429, 'TOOMANYREQUESTS', { 'retry-after': value }),
        ),
      );
    }
    await using client = fastClient();
    await client.fetchManifest(referenceTo());
    const [seconds, capped, dated, unreadable] = client.sleptMs;
    expect([seconds, capped, unreadable]).toEqual([7000, 30_000, 1500]);
    expect(dated).toBeGreaterThan(15_000);
    expect(dated).toBeLessThanOrEqual(20_000);
  });

  it.each([
    ['429', 429, 'registry_rate_limited'],
    ['500', 500, 'registry_unavailable'],
  ])('is given up after 5 times %s', async (_, status, code) => {
    registry.faults.push((_r, response) => answerJson(response, status, 'X'));
    await using client = fastClient();
    expect(await rejectionOf(() => client.fetchManifest(referenceTo()))).toMatchObject({
      code,
      message: expect.stringMatching(
        new RegExp(`/app:v1: .* answered ${status} .*\\(5 attempts\\)`),
      ),
      data: { attempts: 5, status },
    });
    expect(registry.seen).toHaveLength(5);
  });

  it('that is wrong is fetched again, and never handed on', async () => {
    const digest = ociDigestOf(smallBlob);
    const request = {
      reference: referenceTo('other'),
      blob: { digest, sizeBytes: smallBlob.length },
    };
    registry.faults.push(firstTimes(2, /blobs/, wrong));
    await using client = fastClient();
    expect((await collect(client.openBlob(request))).equals(smallBlob)).toBe(true);
    expect(registry.seen).toHaveLength(3);

    registry.faults.push(wrong);
    const { bytes, error } = await drain(client.openBlob(request));
    expect(bytes).toHaveLength(0);
    expect(error).toMatchObject({ code: 'registry_corrupt' });
    const pinned = { ...referenceTo(), digest: image.digest };
    expect(await rejectionOf(() => client.fetchManifest(pinned))).toMatchObject({
      code: 'registry_corrupt',
      message: expect.stringContaining(`instead of ${image.digest} (5 attempts)`),
    });
  });

  it('that contradicts its Docker-Content-Digest is not believed', async () => {
    registry.faults.push((_, response, bytes) => {
      response.writeHead(200, { 'docker-content-digest': other.digest }).end(bytes);
      return true;
    });
    await using client = fastClient();
    expect(await rejectionOf(() => client.fetchManifest(referenceTo()))).toMatchObject({
      code: 'registry_corrupt',
    });
  });

  it('times out where the registry accepts and says nothing', async () => {
    registry.faults.push(() => true);
    await using client = fastClient({ retry: { attempts: 2 }, timeouts: { headersMs: 200 } });
    expect(await rejectionOf(() => client.fetchManifest(referenceTo()))).toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringContaining('did not answer in time'),
    });
  });
});

describe('a registry that cannot be reached', () => {
  it('refuses the connection', async () => {
    const port = await closedPort();
    await using client = fastClient();
    const reference = parseReference(`127.0.0.1:${port}/app`);
    expect(await rejectionOf(() => client.fetchManifest(reference))).toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringMatching(/refused the connection \(ECONNREFUSED\) \(5 attempts\)/),
    });
  });

  it('has no address', async () => {
    // A label of more than 63 characters needs no name server to be refused.
    const host = `${'x'.repeat(64)}.invalid`;
    await using client = fastClient({ schemes: { [host]: 'http' } });
    const reference = parseReference(`${host}/app`);
    expect(await rejectionOf(() => client.fetchManifest(reference))).toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringMatching(/xx\.invalid has no address/),
    });
  });

  it('speaks something else than TLS', async () => {
    await using client = fastClient({ schemes: { [registry.host]: 'https' } });
    expect(await rejectionOf(() => client.fetchManifest(referenceTo()))).toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringContaining('(1 attempt)'),
      hint: expect.stringContaining('http'),
    });
  });

  it('speaks something else than HTTP', async () => {
    await using server = createServer((socket) => {
      socket.resume().end('220 mail.example ESMTP\r\n');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await using client = fastClient({ retry: { attempts: 2 } });
    const reference = parseReference(`127.0.0.1:${port}/app`);
    expect(await rejectionOf(() => client.fetchManifest(reference))).toMatchObject({
      code: 'registry_unavailable',
      message: expect.stringContaining('does not speak HTTP (2 attempts)'),
    });
  });

  it('is not waited for after an abort', async () => {
    registry.faults.push((_, response) => answerJson(response, 503, 'X'));
    const controller = new AbortController();
    const reason = new Error('enough');
    await using client = fastClient({
      async sleep() {
        controller.abort(reason);
      },
    });
    const fetch = () => client.fetchManifest(referenceTo(), controller.signal);
    expect(await rejectionOf(fetch)).toBe(reason);
    expect(registry.seen).toHaveLength(1);
  });
});

async function closedPort(): Promise<number> {
  await using server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
