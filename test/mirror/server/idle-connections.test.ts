import { expect, it } from 'vitest';
import { idleReason, serveAmongIdle } from '../../support/idle-connections/serve-among-idle.ts';
import { startRecordedRegistry } from '../../support/npm-registry/recorded-registry.ts';
import { scratchDir } from '../../support/scratch.ts';

const home = scratchDir('mirror-idle');

it.skipIf(idleReason !== '')(
  `ten thousand idle connections keep nobody out${idleReason}`,
  async () => {
    const packages = [{ name: 'one', versions: { '1.0.0': { paddingBytes: 50_000 } } }];
    await using registry = await startRecordedRegistry({ packages });
    const options = '--listen 127.0.0.1:0 --no-tls --log json --upstream'.split(' ');
    const served = await serveAmongIdle(['mirror', 'serve', ...options, registry.url], {
      home,
      paths: ['/one', ...Array.from({ length: 50 }, () => '/one/-/one-1.0.0.tgz')],
    });
    expect(served).toMatchObject({ others: 1, statuses: new Set([200]) });
    expect(served.tookMs).toBeLessThan(5_000);
    expect(served.memoryMb).toBeLessThan(400);
  },
);
