import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry as PrometheusRegistry,
} from 'prom-client';
import type { EvictionCounts, OriginState, RequestSummary } from '../../src/network.ts';
import type { Registry } from '../registries/registry.ts';
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

/** `registries`: their upstreams are named; what these redirect to, or name in documents, is counted as `other`. */
export function createMirrorMetrics(registries: readonly Registry[]): MirrorMetrics {
  const register = new PrometheusRegistry();
  collectDefaultMetrics({ register });
  const requests = requestMetrics(register);
  const upstream = upstreamMetrics(register, registries);
  const cache = cacheMetrics(register);
  const connections = new Gauge({
    name: 'ashlar_mirror_connections',
    help: 'Open connections of clients',
    registers: [register],
  });
  return {
    observe: requests.observe,
    upstreamRequest: upstream.request,
    notKept: cache.notKept,
    async render(now) {
      upstream.set(now.origins);
      connections.set(now.connections);
      cache.set(now.cache);
      return register.metrics();
    },
  };
}

const secondsBuckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 5, 10, 25];

function requestMetrics(register: PrometheusRegistry): Pick<MirrorMetrics, 'observe'> {
  const registers = [register];
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
  const spent = spentTime(register);
  const sent = new Counter({
    name: 'ashlar_mirror_sent_bytes_total',
    help: 'Bytes of bodies that were sent to clients',
    labelNames: ['kind'],
    registers,
  });
  return {
    observe({ kind, state, status, way, outcome, time, sentBytes }) {
      requests.inc({ kind, cache: state, status: String(status), way });
      durations.observe({ kind, cache: state }, time.wallMs / 1000);
      sent.inc({ kind }, sentBytes);
      spent(time);
      if (outcome.kind === 'failed') failures.inc({ code: outcome.code, class: outcome.class });
      if (outcome.kind === 'client_gone') gone.inc();
    },
  };
}

function spentTime(register: PrometheusRegistry): (time: RequestSummary) => void {
  const spent = new Counter({
    name: 'ashlar_mirror_time_seconds_total',
    help: 'What the time of requests went to',
    labelNames: ['spent_on'],
    registers: [register],
  });
  return ({ byKind, unexplainedMs }) => {
    for (const [kind, ms] of Object.entries({ ...byKind, unexplained: unexplainedMs }))
      spent.inc({ spent_on: kind }, ms / 1000);
  };
}

interface UpstreamMetrics {
  readonly request: MirrorMetrics['upstreamRequest'];
  set(origins: readonly OriginState[]): void;
}

function upstreamMetrics(
  register: PrometheusRegistry,
  registries: readonly Registry[],
): UpstreamMetrics {
  const registers = [register];
  const upstreams = registries.flatMap((each) => each.upstreams);
  const hosts = new Set(upstreams.map(({ host }) => host));
  const origins = new Set(upstreams.map(({ origin }) => origin));
  const seconds = new Histogram({
    name: 'ashlar_mirror_upstream_seconds',
    help: 'Requests to upstream and the time until the head of their answer',
    labelNames: ['host'],
    buckets: secondsBuckets,
    registers,
  });
  const resting = new Gauge({
    name: 'ashlar_mirror_upstream_resting',
    help: '1 while an upstream fails and is asked only now and then',
    labelNames: ['origin'],
    registers,
  });
  return {
    request(host, durationMs) {
      seconds.observe({ host: hosts.has(host) ? host : 'other' }, durationMs / 1000);
    },
    set(states) {
      resting.reset();
      for (const { origin, isResting } of states)
        if (origins.has(origin)) resting.set({ origin }, isResting ? 1 : 0);
    },
  };
}

interface CacheMetrics {
  notKept(): void;
  set(facts: CacheFacts): void;
}

function cacheMetrics(register: PrometheusRegistry): CacheMetrics {
  const registers = [register];
  const notKept = new Counter({
    name: 'ashlar_mirror_not_kept_total',
    help: 'Fetched bodies that could not be stored',
    registers,
  });
  const heldBytes = new Gauge({
    name: 'ashlar_mirror_cache_bytes',
    help: 'Bytes in the cache, as far as this host knows',
    registers,
  });
  const evictedBytes = new Gauge({
    name: 'ashlar_mirror_evicted_bytes',
    help: 'Bytes that this process removed from the cache to make room',
    registers,
  });
  return {
    notKept: () => notKept.inc(),
    set({ bytes, evicted }) {
      heldBytes.set(bytes);
      evictedBytes.set(evicted.bytes);
    },
  };
}
