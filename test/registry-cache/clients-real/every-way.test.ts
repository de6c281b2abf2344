import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type OciClient,
  ociClientNames,
  type PulledImage,
} from '../../support/oci-clients/oci-client.ts';
import { openOciClient } from '../../support/oci-clients/open-oci-client.ts';
import type { FaultRule } from '../../support/oci-registry/fault.ts';
import type { RecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { startOciRegistryProcess } from '../../support/oci-registry/registry-process.ts';
import { isRoot, scratchDir } from '../../support/scratch.ts';
import { type CacheProcess, startCacheProcess } from './support/cache-process.ts';
import { type ImageTruth, makeMultiImage, type MultiImage } from './support/image-truth.ts';
import { startSwitchboard, type Switchboard } from './support/switchboard.ts';

const ways = [
  { way: 'mirror', registry: 'docker.io' },
  { way: 'direct', registry: 'registry.test' },
  { way: 'root', registry: 'docker.io' },
] as const;
/** podman, buildah and umoci have what skopeo has, and each wait takes its time. */
const waiting: readonly string[] = ['docker', 'containerd', 'skopeo'];
const cases = ociClientNames.flatMap((name) =>
  ways.map((where) => [`${name}, ${where.way} of ${where.registry}`, { name, where }] as const),
);

describe.skipIf(!isRoot)(`each client through the cache${isRoot ? '' : ' (needs root)'}`, () => {
  const scratch = scratchDir('clients-real');
  let upstream: RecordedOciRegistry;
  let usual: CacheProcess;
  /** On the same directory; it asks upstream about a tag each time. */
  let asking: CacheProcess;
  let cache: Switchboard;

  const started = new AsyncDisposableStack();

  beforeAll(async () => {
    upstream = started.use(
      await startOciRegistryProcess({ auth: { scheme: 'bearer' }, latencyMs: 5 }),
    );
    const home = join(scratch, 'home');
    const args = ['docker.io', 'registry.test'].flatMap((name) => [
      '--upstream',
      `${name}=${upstream.url}`,
    ]);
    usual = started.use(await startCacheProcess({ home, args }));
    asking = started.use(await startCacheProcess({ home, args, config: { tagMaxAgeSec: 0 } }));
    cache = started.use(await startSwitchboard(usual.port));
  });
  afterAll(() => started.disposeAsync());

  let seed = 0;
  async function put(repository: string): Promise<MultiImage> {
    seed += 1;
    const directory = join(scratch, `image-${seed}`);
    mkdirSync(directory);
    const image = await makeMultiImage(directory, seed);
    await upstream.put({ repository, images: [image.recipe] });
    return image;
  }

  it.for(cases)(
    '%s: cold, warm, through faults, and with upstream gone',
    { timeout: 120_000 },
    async ([, { name, where }], context) => {
      await using opened = await openOrSkip();
      const client = opened;
      const repository = `team/${name}-${where.way}`;
      const image = await put(repository);
      const { 'linux/amd64': amd64, 'linux/arm64': arm64 } = image.platforms;

      await upstream.resetCounts();
      expectTruth(await client.pull(`${repository}:latest`), { image, truth: amd64 });
      expect(await asked(repository)).toEqual(onceEach(repository, amd64));

      await client.reset();
      await upstream.resetCounts();
      expectTruth(await client.pull(`${repository}:latest`), { image, truth: amd64 });
      expect(await asked(repository)).toEqual({});

      const waits = where.way === 'mirror' && waiting.includes(name) ? 'yes' : 'no';
      const faults = faultsOf(arm64, waits);
      await upstream.change({ faults });
      await client.reset();
      const platform = 'linux/arm64';
      expectTruth(await client.pull(`${repository}:latest`, { platform }), { image, truth: arm64 });
      const { faults: happened } = await upstream.counts();
      expect(Object.values(happened).reduce((sum, count) => sum + count, 0)).toBe(faults.length);
      await upstream.change({ faults: [] });

      await upstream.outage('refuse');
      // One that asks in vain, for as long as it has patience.
      if (where.way === 'mirror') cache.lead(asking.port);
      try {
        await client.reset();
        expectTruth(await client.pull(`${repository}:latest`), { image, truth: amd64 });
      } finally {
        cache.lead(usual.port);
        await upstream.restore();
      }

      async function openOrSkip(): Promise<OciClient> {
        const client = await openOciClient(name, { ...where, cacheUrl: cache.url });
        return typeof client === 'string' ? context.skip(client) : client;
      }
    },
  );

  /** Requests for what is in a repository, with their numbers. */
  async function asked(repository: string): Promise<Readonly<Record<string, number>>> {
    const { paths } = await upstream.counts();
    const own = Object.entries(paths).filter(([path]) => path.includes(`/v2/${repository}/`));
    return Object.fromEntries(own) as Record<string, number>;
  }
});

/** Each layer fails, and one of them twice; where nothing is to wait, nothing stalls and nobody is told to come later. */
function faultsOf(
  { manifestDigest, layerDigests: [first, second, third] }: ImageTruth,
  waits: 'yes' | 'no',
): readonly FaultRule[] {
  const failing = (fault: FaultRule['fault'], end: string | undefined, nth = 1): FaultRule => ({
    fault,
    path: `${end}$`,
    method: 'GET',
    attempts: [nth],
  });
  return [
    failing({ name: 'truncated' }, first),
    failing({ name: 'corrupt' }, first, 2),
    failing({ name: 'reset' }, second),
    failing({ name: 'status', status: 502 }, third),
    ...(waits === 'no'
      ? []
      : [
          failing({ name: 'stall-in-body' }, third, 2),
          failing({ name: 'status', status: 429, retryAfterSec: 1 }, manifestDigest),
        ]),
  ];
}

/** What a cold pull of one platform may cost. */
function onceEach(
  repository: string,
  { manifestDigest, configDigest, layerDigests }: ImageTruth,
): Readonly<Record<string, number>> {
  const manifests = ['latest', manifestDigest].map((one) => `manifests/${one}`);
  const blobs = [configDigest, ...layerDigests].map((one) => `blobs/${one}`);
  return Object.fromEntries(
    [...manifests, ...blobs].map((path) => [`GET /v2/${repository}/${path}`, 1]),
  );
}

function expectTruth(
  pulled: PulledImage,
  { image, truth }: { readonly image: MultiImage; readonly truth: ImageTruth },
): void {
  expect(pulled.files).toEqual(truth.files);
  expect(pulled.configDigest).toBe(truth.configDigest);
  const possible = [image.indexDigest, truth.manifestDigest];
  expect(possible).toEqual(expect.arrayContaining([...pulled.manifestDigests]));
}
