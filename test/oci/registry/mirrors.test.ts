import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ociDigestOf, type OciDigest } from '../../../src/oci/oci-digest.ts';
import { openImageSource } from '../../../src/oci/open-image-source.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import type { NetworkTiming } from '../../../src/upstream/timed-connector.ts';
import { buildImage } from '../support/build-image.ts';
import { collect, drain, noise } from '../support/byte-streams.ts';
import { rejectionOf } from '../support/failures.ts';
import { fastClient, type FastClient } from '../support/fast-client.ts';
import { makeTar } from '../support/make-tar.ts';
import { openLayer } from '../support/open-layer.ts';
import { answerJson, startTestRegistry, type TestRegistry } from '../support/test-registry.ts';

const tar = makeTar({ noise: noise(6_000_000) });
const image = buildImage({ layers: [{ tar, compression: 'gzip' }] });
const { layers } = JSON.parse(image.bytes.toString()) as {
  layers: { digest: OciDigest; size: number }[];
};
const blob = { digest: layers[0]?.digest as OciDigest, sizeBytes: layers[0]?.size ?? 0 };

let registry: TestRegistry;
let mirror: TestRegistry;

beforeAll(async () => {
  registry = await startTestRegistry({ v1: image });
  mirror = await startTestRegistry({ v1: image });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await mirror[Symbol.asyncDispose]();
});
beforeEach(() => {
  for (const each of [registry, mirror]) {
    each.faults.length = 0;
    (each.seen as unknown[]).length = 0;
  }
});

function mirrored(): FastClient {
  return fastClient({ mirrors: { [registry.host]: [`http://${mirror.host}/hub/`] } });
}

function reference() {
  return parseReference(`${registry.host}/team/app:v1`);
}

describe('a mirror', () => {
  it('serves everything, and the registry is not asked', async () => {
    await using client = mirrored();
    const name = `docker://${registry.host}/team/app:v1`;
    const options = { platform: 'linux/amd64', registryClient: client };
    await using source = await openImageSource(name, options);
    expect(source.description).toBe(`${name}@${image.digest}`);
    expect((await collect(openLayer(source))).equals(tar)).toBe(true);
    expect(registry.seen).toHaveLength(0);
    expect(mirror.seen.every(({ path }) => path.startsWith('/v2/hub/team/app/'))).toBe(true);
  });

  it.each([
    ['is missing the image', 404, 1],
    ['refuses', 403, 1],
    ['is limited', 429, 2],
    ['is broken', 500, 2],
  ])('that %s leaves the registry to serve', async (_, status, times) => {
    mirror.faults.push((_r, response) => answerJson(response, status, 'X'));
    await using client = mirrored();
    expect((await client.fetchManifest(reference())).digest).toBe(image.digest);
    expect(mirror.seen).toHaveLength(times);
    expect(registry.seen).toHaveLength(1);
  });

  it('never gets the credentials of the registry', async () => {
    const asked: string[] = [];
    const challenge = { 'www-authenticate': 'Basic realm="x"' };
    mirror.faults.push((_, response) => answerJson(response, 401, 'UNAUTHORIZED', challenge));
    await using client = fastClient({
      mirrors: { [registry.host]: [`http://${mirror.host}`] },
      async credentials(host) {
        asked.push(host);
        return { credential: null, problem: null };
      },
    });
    await client.fetchManifest(reference());
    expect(asked).toEqual([mirror.host]);
  });

  it('that breaks off in a layer is continued by the registry', async () => {
    mirror.faults.push((_, response, bytes) => {
      response.writeHead(200, { 'content-length': String(blob.sizeBytes) });
      response.write(bytes?.subarray(0, 500_000), () => response.socket?.resetAndDestroy());
      mirror.faults.unshift((_r, other) => answerJson(other, 503, 'X'));
      return true;
    });
    await using client = mirrored();
    const bytes = await collect(client.openBlob({ reference: reference(), blob }));
    expect(ociDigestOf(bytes)).toBe(blob.digest);
    expect(registry.seen).toHaveLength(1);
    expect(registry.seen[0]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('that sends wrong bytes is found out', async () => {
    mirror.faults.push((_, response) => {
      response.end(Buffer.alloc(blob.sizeBytes));
      return true;
    });
    await using client = mirrored();
    const { error } = await drain(client.openBlob({ reference: reference(), blob }));
    expect(error).toMatchObject({ code: 'registry_corrupt' });
    const pinned = { ...reference(), digest: image.digest };
    expect((await client.fetchManifest(pinned)).bytes.equals(image.bytes)).toBe(true);
  });

  it('is named beside the registry when both fail', async () => {
    for (const each of [mirror, registry]) {
      each.faults.push((_, response) => answerJson(response, 404, 'X'));
    }
    await using client = mirrored();
    expect(await rejectionOf(() => client.fetchManifest(reference()))).toMatchObject({
      code: 'base_not_found',
      message: expect.stringMatching(
        new RegExp(`${registry.host} answered 404.*before that, its mirrors: .*${mirror.host}`),
      ),
    });
  });
});

describe('time', () => {
  it('is told by kind, without secrets in the subjects', async () => {
    const spans: NetworkTiming[] = [];
    await using client = fastClient({
      onTiming: (timing) => spans.push(timing),
    });
    const startMs = performance.now();
    const local = parseReference(`localhost:${registry.host.split(':')[1]}/app:v1`);
    await client.fetchManifest(local);
    const wallMs = performance.now() - startMs;
    const kinds = new Set(spans.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['dns', 'connect', 'registry']));
    const sumMs = spans.reduce((sum, { durationMs }) => sum + durationMs, 0);
    expect(sumMs).toBeLessThanOrEqual(wallMs);
    expect(Math.min(...spans.map(({ durationMs }) => durationMs))).toBeGreaterThanOrEqual(0);
    expect(spans.find(({ kind }) => kind === 'registry')?.subject).toBe(
      `GET ${local.registry}/v2/app/manifests/v1`,
    );
  });
});
