import { expect, it } from 'vitest';
import { createServingMetrics } from '../../../src/serving/observe/serving-metrics.ts';

it('hosts that nobody configured make no labels of their own', async () => {
  const upstreams = [new URL('https://registry.test/npm/')];
  const metrics = createServingMetrics({ prefix: 'ashlar_mirror', upstreams });
  const state = {
    isResting: true,
    failuresInRow: 1,
    limitsInRow: 0,
    lastFailure: 'no',
    lastFailureAtMs: 0,
    troubledSinceMs: 0,
  };
  metrics.upstreamRequest('registry.test', 5);
  for (let turn = 0; turn < 50; turn += 1) metrics.upstreamRequest(`host-${turn}.test`, 5);
  const origins = ['https://registry.test', 'https://host-1.test'].map((origin) => ({
    ...state,
    origin,
  }));
  const cache = { bytes: 1, evicted: { bytes: 0, objects: 0, spared: 0 } };
  const text = await metrics.render({ origins, connections: 2, cache });
  expect(text).toContain('ashlar_mirror_upstream_seconds_count{host="registry.test"} 1');
  expect(text).toContain('ashlar_mirror_upstream_seconds_count{host="other"} 50');
  expect(text).toContain('ashlar_mirror_upstream_resting{origin="https://registry.test"} 1');
  expect(text).not.toContain('host-');
});
