import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EvictionCounts, OriginState } from '../../src/network.ts';
import type { RequestRecord } from './request-record.ts';

/** Prometheus metrics of a mirror. */
export interface MirrorMetrics {
  observe(record: RequestRecord): void;
  /** A request that was sent upstream, with what it took until the head of its answer. */
  upstreamRequest(host: string, durationMs: number): void;
  notKept(): void;
  /** The text format, version 0.0.4. */
  render(now: MeasuredNow): Promise<string>;
}

/** What is known of the cache on this host. */
export interface CacheFacts {
  readonly bytes: number;
  /** By this process, to make room. */
  readonly evicted: EvictionCounts;
}

export interface MeasuredNow {
  readonly origins: readonly OriginState[];
  readonly connections: number;
  readonly cache: CacheFacts;
}

const secondsBuckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 5, 10, 25];

export function createMirrorMetrics(): MirrorMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'ashlar_mirror_requests_total',
    help: 'Requests by what was asked for, how the answer was come by, and its status',
    labelNames: ['kind', 'cache', 'status', 'way'],
    registers,
  });
  const failures = new Counter({
    name: 'ashlar_mirror_failures_total',
    help: 'Failed requests by code and by who has to act',
    labelNames: ['code', 'class'],
    registers,
  });
  const gone = new Counter({
    name: 'ashlar_mirror_clients_gone_total',
    help: 'Requests whose client closed the connection before the end of the answer',
    registers,
  });
  const durations = new Histogram({
    name: 'ashlar_mirror_request_seconds',
    help: 'Time from request to the last byte of the answer',
    labelNames: ['kind', 'cache'],
    buckets: secondsBuckets,
    registers,
  });
  const spent = new Counter({
    name: 'ashlar_mirror_time_seconds_total',
    help: 'What the time of requests went to',
    labelNames: ['spent_on'],
    registers,
  });
  const sent = new Counter({
    name: 'ashlar_mirror_sent_bytes_total',
    help: 'Bytes of bodies that were sent to clients',
    labelNames: ['kind'],
    registers,
  });
  const upstream = new Histogram({
    name: 'ashlar_mirror_upstream_seconds',
    help: 'Requests to upstream and the time until the head of their answer',
    labelNames: ['host'],
    buckets: secondsBuckets,
    registers,
  });
  const notKept = new Counter({
    name: 'ashlar_mirror_not_kept_total',
    help: 'Fetched bodies that could not be stored',
    registers,
  });
  const evicted = new Gauge({
    name: 'ashlar_mirror_evicted_bytes',
    help: 'Bytes that this process removed from the cache to make room',
    registers,
  });
  const resting = new Gauge({
    name: 'ashlar_mirror_upstream_resting',
    help: '1 while an upstream fails and is asked only now and then',
    labelNames: ['origin'],
    registers,
  });
  const connections = new Gauge({
    name: 'ashlar_mirror_connections',
    help: 'Open connections of clients',
    registers,
  });
  const cacheBytes = new Gauge({
    name: 'ashlar_mirror_cache_bytes',
    help: 'Bytes in the cache, as far as this host knows',
    registers,
  });
  return {
    observe(record) {
      const { kind, state, way, outcome, time } = record;
      requests.inc({ kind, cache: state, status: String(record.status), way });
      durations.observe({ kind, cache: state }, time.wallMs / 1000);
      sent.inc({ kind }, record.sentBytes);
      for (const [spentOn, ms] of Object.entries(time.byKind))
        spent.inc({ spent_on: spentOn }, ms / 1000);
      spent.inc({ spent_on: 'unexplained' }, time.unexplainedMs / 1000);
      if (outcome.kind === 'failed') failures.inc({ code: outcome.code, class: outcome.class });
      if (outcome.kind === 'client_gone') gone.inc();
    },
    upstreamRequest: (host, durationMs) => upstream.observe({ host }, durationMs / 1000),
    notKept: () => notKept.inc(),
    async render(now) {
      resting.reset();
      for (const { origin, isResting } of now.origins) resting.set({ origin }, isResting ? 1 : 0);
      connections.set(now.connections);
      cacheBytes.set(now.cache.bytes);
      evicted.set(now.cache.evicted.bytes);
      return registry.metrics();
    },
  };
}
