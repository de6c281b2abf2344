import { expect, it } from 'vitest';
import { idleReason, serveAmongIdle } from '../../support/idle-connections/serve-among-idle.ts';
import { startRecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { scratchDir } from '../../support/scratch.ts';

const home = scratchDir('cache-idle');

it.skipIf(idleReason !== '')(
  `ten thousand idle connections keep nobody out${idleReason}`,
  async () => {
    await using registry = await startRecordedOciRegistry({
      contents: [{ repository: 'team/app', images: [{ layerBytes: [50_000] }] }],
    });
    const { blobs } = await registry.facts('team/app', 'latest');
    const parts = ['manifests/latest', ...blobs.map(({ digest }) => `blobs/${digest}`)];
    const options = '--listen 127.0.0.1:0 --log json --upstream'.split(' ');
    const upstream = `registry.test=${registry.url}`;
    const served = await serveAmongIdle(['registry-cache', 'serve', ...options, upstream], {
      home,
      paths: Array.from(
        { length: 60 },
        (_, at) => `/v2/registry.test/team/app/${parts[at % parts.length]}`,
      ),
    });
    expect(served).toMatchObject({ others: 1, statuses: new Set([200]) });
    expect(served.tookMs).toBeLessThan(5_000);
    expect(served.memoryMb).toBeLessThan(400);
  },
);
