import { loadavg } from 'node:os';
import { join } from 'node:path';
import { createTempDir } from '../src/index.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { ashlarCache } from './registry-cache/ashlar-cache.ts';
import {
  coldPulls,
  coldPullsBehindLink,
  faultyPulls,
  type Stage,
  warmPulls,
} from './registry-cache/cases.ts';
import { dockerRegistry } from './registry-cache/docker-registry.ts';
import { eachAlone, mixed } from './registry-cache/fault-schedules.ts';
import { nginxFiles } from './registry-cache/nginx-files.ts';
import { outagePulls, tagMaxAgeSec } from './registry-cache/outage-case.ts';
import { type Outage, startUpstream } from './registry-cache/recorded-upstream.ts';
import type { RegistryServer } from './registry-cache/registry-server.ts';
import {
  reportCold,
  reportColdBehindLink,
  reportFaults,
  reportOutage,
  reportStreams,
  reportWarm,
} from './registry-cache/report.ts';
import { bench } from './registry-cache/rows.ts';
import { type StreamScale, streamedLayer } from './registry-cache/stream-case.ts';
import type { Sheet } from './sheet.ts';

const latencyMs = 40;
/** 1 Gbit/s. */
const linkBytesPerSec = 125_000_000;

interface Scale {
  readonly pulls: number;
  readonly faultPulls: number;
  /** Of each of eight layers. */
  readonly layerBytes: number;
  readonly stream: StreamScale;
}

const scales: Readonly<Record<BenchContext['scale'], Scale>> = {
  full: {
    pulls: 200,
    faultPulls: 50,
    layerBytes: 15_000_000,
    stream: {
      layerBytes: 2_000_000_000,
      clients: 200,
      partBytes: 32 * 1024 ** 2,
      readBytesPerSec: 1024 ** 2,
      arrivalBytesPerSec: 64 * 1024 ** 2,
    },
  },
  quick: {
    pulls: 16,
    faultPulls: 8,
    layerBytes: 6_000_000,
    stream: {
      layerBytes: 200_000_000,
      clients: 20,
      partBytes: 8 * 1024 ** 2,
      readBytesPerSec: 1024 ** 2,
      arrivalBytesPerSec: 25 * 1024 ** 2,
    },
  },
};

/**
 * The registry cache beside docker-registry: bursts of pulls (cold, warm, with faults upstream, with upstream gone), and
 * the memory that streams of a large layer take. All have the same recorded registry behind them, with latency and tokens.
 */
export const registryCache: Benchmark = {
  name: bench,
  async run(context, sheet) {
    await using work = await createTempDir(context.workDir, bench);
    const here: BenchContext = { ...context, workDir: work.path };
    const scale = scales[context.scale];
    await using upstream = await startUpstream(here, { latencyMs });
    const layerBytes = Array.from({ length: 8 }, () => scale.layerBytes);
    const image = await upstream.put({
      repository: 'library/app',
      layerBytes,
      compression: 'gzip',
    });
    const stage: Stage = { context: here, upstream, image, pulls: scale.pulls };
    sheet.note(
      `${bench}: ${scale.pulls} pulls at once (${scale.faultPulls} with faults) of ${Math.round(image.totalBytes / 1e6)} MB in 8 layers, 3 blobs at once each, from two processes. Upstream wants a Bearer token and answers after ${latencyMs} ms. Load of the machine before: ${loadavg()[0]?.toFixed(2)}.`,
    );
    await measureBursts(stage, sheet);
    await measureFaults({ ...stage, pulls: scale.faultPulls }, sheet);
    await measureOutages(stage, sheet);
    await measureStreams(stage, sheet, scale.stream);
    sheet.note(`${bench}: load of the machine after: ${loadavg()[0]?.toFixed(2)}.`);
  },
};

const caches: readonly RegistryServer[] = [ashlarCache(), dockerRegistry];

async function measureBursts(stage: Stage, sheet: Sheet): Promise<void> {
  const { context, upstream, image } = stage;
  const cold = await each(sheet, { what: 'cold', servers: caches }, (server) =>
    coldPulls(stage, server),
  );
  reportCold(sheet, cold, image);
  const linked = await each(sheet, { what: 'cold behind a link', servers: caches }, (server) =>
    coldPullsBehindLink(stage, server, linkBytesPerSec),
  );
  reportColdBehindLink(sheet, linked);
  const files = join(context.workDir, 'files');
  await upstream.save(image, files);
  const servers = [...caches, nginxFiles(image, files)];
  reportWarm(
    sheet,
    await each(sheet, { what: 'warm', servers }, (server) => warmPulls(stage, server)),
  );
}

async function measureFaults(stage: Stage, sheet: Sheet): Promise<void> {
  for (const schedule of [...eachAlone, mixed]) {
    const what = `faults, ${schedule.name}`;
    const results = await each(sheet, { what, servers: caches }, (server) =>
      faultyPulls(stage, server, schedule),
    );
    reportFaults(sheet, schedule.name, results);
  }
}

const outages: readonly (readonly [Outage, string])[] = [
  ['stall', 'stalled'],
  ['refuse', 'refused'],
  ['reset', 'reset'],
];

/** Of a small image, so that what is waited for is not lost in what is transferred. */
async function measureOutages(stage: Stage, sheet: Sheet): Promise<void> {
  const layerBytes = Array.from({ length: 8 }, () => 128 * 1024);
  const small = { repository: 'library/small', layerBytes, compression: 'gzip' } as const;
  const image = await stage.upstream.put(small);
  const servers = [ashlarCache({ tagMaxAgeSec }), dockerRegistry];
  for (const [how, words] of outages) {
    const results = await each(sheet, { what: `upstream ${words}`, servers }, (server) =>
      outagePulls({ ...stage, image }, server, how),
    );
    reportOutage(sheet, words, results);
  }
}

async function measureStreams(stage: Stage, sheet: Sheet, scale: StreamScale): Promise<void> {
  const large = { repository: 'library/large', layerBytes: [scale.layerBytes] };
  const image = await stage.upstream.put({ ...large, compression: 'none' });
  const results = await each(sheet, { what: 'large layer', servers: caches }, (server) =>
    streamedLayer({ ...stage, image }, server, scale),
  );
  reportStreams(sheet, results);
}

interface Turn {
  readonly what: string;
  readonly servers: readonly RegistryServer[];
}

/** One server after the other; one that fails is noted and left out. */
async function each<T>(
  sheet: Sheet,
  { what, servers }: Turn,
  measure: (server: RegistryServer) => Promise<T>,
): Promise<readonly T[]> {
  const results: T[] = [];
  for (const server of servers) {
    const result = await sheet.attempt(bench, `${what}: ${server.name}`, () => measure(server));
    if (result !== undefined) results.push(result);
  }
  return results;
}
