import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry as PrometheusRegistry,
} from 'prom-client';
import type { RequestSummary } from '../../ledger/request-ledger.ts';
import type { EvictionCounts } from '../../object-cache/usage/usage-evictor.ts';
import type { OriginState } from '../../upstream/upstream.ts';
import type { ServedRequest } from './served-request.ts';

/** Prometheus metrics of a server that pulls through. */
export interface ServingMetrics {
  observe(record: ServedRequest): void;
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

/** What is measured when it is asked for. */
export interface MeasuredNow {
  readonly origins: readonly OriginState[];
  readonly connections: number;
  readonly cache: CacheFacts;
}

export interface ServingMetricsOptions {
  /** What the names of all metrics begin with: `ashlar_mirror`. */
  readonly prefix: string;
  /** Their hosts are named; what these redirect to, or name in documents, is counted as `other`. */
  readonly upstreams: readonly URL[];
}

export function createServingMetrics({ prefix, upstreams }: ServingMetricsOptions): ServingMetrics {
  const register = new PrometheusRegistry();
  collectDefaultMetrics({ register });
  const named: Named = { register, prefix };
  const requests = requestMetrics(named);
  const upstream = upstreamMetrics(named, upstreams);
  const cache = cacheMetrics(named);
  const connections = new Gauge({
    name: `${prefix}_connections`,
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

interface Named {
  readonly register: PrometheusRegistry;
  readonly prefix: string;
}

const secondsBuckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 5, 10, 25];

function requestMetrics({ register, prefix }: Named): Pick<ServingMetrics, 'observe'> {
  const registers = [register];
  const requests = new Counter({
    name: `${prefix}_requests_total`,
    help: 'Requests by what was asked for, how the answer was come by, and its status',
    labelNames: ['kind', 'cache', 'status', 'way'],
    registers,
  });
  const failures = new Counter({
    name: `${prefix}_failures_total`,
    help: 'Failed requests by code and by who has to act',
    labelNames: ['code', 'class'],
    registers,
  });
  const gone = new Counter({
    name: `${prefix}_clients_gone_total`,
    help: 'Requests whose client closed the connection before the end of the answer',
    registers,
  });
  const durations = new Histogram({
    name: `${prefix}_request_seconds`,
    help: 'Time from request to the last byte of the answer',
    labelNames: ['kind', 'cache'],
    buckets: secondsBuckets,
    registers,
  });
  const spent = spentTime({ register, prefix });
  const sent = new Counter({
    name: `${prefix}_sent_bytes_total`,
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

function spentTime({ register, prefix }: Named): (time: RequestSummary) => void {
  const spent = new Counter({
    name: `${prefix}_time_seconds_total`,
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
  readonly request: ServingMetrics['upstreamRequest'];
  set(origins: readonly OriginState[]): void;
}

function upstreamMetrics({ register, prefix }: Named, upstreams: readonly URL[]): UpstreamMetrics {
  const registers = [register];
  const hosts = new Set(upstreams.map(({ host }) => host));
  const origins = new Set(upstreams.map(({ origin }) => origin));
  const seconds = new Histogram({
    name: `${prefix}_upstream_seconds`,
    help: 'Requests to upstream and the time until the head of their answer',
    labelNames: ['host'],
    buckets: secondsBuckets,
    registers,
  });
  const resting = new Gauge({
    name: `${prefix}_upstream_resting`,
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

function cacheMetrics({ register, prefix }: Named): CacheMetrics {
  const registers = [register];
  const notKept = new Counter({
    name: `${prefix}_not_kept_total`,
    help: 'Fetched bodies that could not be stored',
    registers,
  });
  const heldBytes = new Gauge({
    name: `${prefix}_cache_bytes`,
    help: 'Bytes in the cache, as far as this host knows',
    registers,
  });
  const evictedBytes = new Gauge({
    name: `${prefix}_evicted_bytes`,
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
