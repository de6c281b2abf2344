import { setTimeout as pause } from 'node:timers/promises';
import { AshlarError } from '../../src/index.ts';
import type { BenchContext } from '../benchmark.ts';
import type { RunningServer } from '../mirror/cache-server.ts';
import type { FaultSchedule } from './fault-schedules.ts';
import { type PullLoadResult, type PullPlan, runPulls } from './pull-load.ts';
import type { RecordedImage, RecordedUpstream, UpstreamCounts } from './recorded-upstream.ts';
import { type RegistryServer, withServer } from './registry-server.ts';
import { openSharedLink } from './shared-link.ts';

/** What a case needs. */
export interface Stage {
  readonly context: BenchContext;
  readonly upstream: RecordedUpstream;
  /** What is pulled. */
  readonly image: RecordedImage;
  /** At once. */
  readonly pulls: number;
  /** Where servers find upstream, when not at its own address. */
  readonly link?: string;
}

export interface BurstResult extends PullLoadResult {
  readonly server: string;
  readonly bytesPerSec: number;
  readonly upstream: UpstreamCounts;
  /** The most GETs upstream for any one blob. */
  readonly mostGets: number;
  readonly peakBytes: number;
}

/** All pull at once, and nothing is in the cache. A client asks once for everything. */
export function coldPulls(stage: Stage, server: RegistryServer): Promise<BurstResult> {
  return withEmptyServer(stage, server, (running) =>
    burst(stage, { server, running }, { verify: 'sample' }),
  );
}

/** The same, with upstream behind a link that all connections to it share. */
export async function coldPullsBehindLink(
  stage: Stage,
  server: RegistryServer,
  bytesPerSec: number,
): Promise<BurstResult> {
  const { upstream } = stage;
  await using link = await openSharedLink({ to: upstream.url, bytesPerSec });
  await upstream.setRealm(`${link.url}token`);
  try {
    return await coldPulls({ ...stage, link: link.url }, server);
  } finally {
    await upstream.setRealm(null);
  }
}

/** All pull at once what one pull has brought a moment ago. */
export function warmPulls(stage: Stage, server: RegistryServer): Promise<BurstResult> {
  return withEmptyServer(stage, server, async (running) => {
    await warmUp(stage, { server, running });
    return burst(stage, { server, running }, { verify: 'sample' });
  });
}

/** As dockerd has it: five attempts. After 30 s of nothing one has failed. */
const patience = { retries: 4, idleTimeoutMs: 30_000 } as const;

/** All pull at once, nothing is in the cache, and upstream has faults. Clients try again what breaks off. */
export async function faultyPulls(
  stage: Stage,
  server: RegistryServer,
  { rules }: FaultSchedule,
): Promise<BurstResult> {
  const { upstream } = stage;
  try {
    return await withEmptyServer(stage, server, async (running) => {
      await upstream.setFaults(rules);
      return burst(stage, { server, running }, { verify: 'all', ...patience });
    });
  } finally {
    await upstream.setFaults([]);
  }
}

export function withEmptyServer<T>(
  { context, upstream, link = upstream.url }: Stage,
  server: RegistryServer,
  use: (running: RunningServer) => Promise<T>,
): Promise<T> {
  return withServer(server, { context, upstream: link }, async (running) => {
    await upstream.resetCounts();
    return use(running);
  });
}

interface Started {
  readonly server: RegistryServer;
  readonly running: RunningServer;
}

/** One pull, and then until upstream is no longer asked for anything. */
export async function warmUp(stage: Stage, started: Started): Promise<void> {
  const plan = planOf({ ...stage, pulls: 1 }, started, { verify: 'all' });
  const { failed, failures } = await runPulls(stage.context, plan);
  if (failed > 0) {
    throw new AshlarError('internal', `the first pull failed: ${JSON.stringify(failures)}`);
  }
  await untilQuiet(stage);
  await stage.upstream.resetCounts();
}

export async function burst(
  stage: Stage,
  started: Started,
  how: Pick<PullPlan, 'verify'> & Partial<PullPlan>,
): Promise<BurstResult> {
  const result = await runPulls(stage.context, planOf(stage, started, how));
  const upstream = await stage.upstream.counts();
  const gets = Object.entries(upstream.paths).filter(([path]) =>
    /^GET \/v2\/.*\/blobs\//.test(path),
  );
  return {
    ...result,
    server: started.server.name,
    bytesPerSec: (result.bytes / result.wallMs) * 1000,
    upstream,
    mostGets: Math.max(0, ...gets.map(([, count = 0]) => count)),
    peakBytes: await started.running.peakBytes(),
  };
}

function planOf(
  { image, pulls }: Stage,
  { server, running }: Started,
  how: Pick<PullPlan, 'verify'> & Partial<PullPlan>,
): PullPlan {
  const name = server.nameOf(image.repository);
  return { url: running.url, name, pulls, retries: 0, idleTimeoutMs: 60_000, ...how };
}

const quietMs = 500;
const mostQuietRounds = 120;

/** docker-registry stores with requests of its own, which go on after the client has everything. */
async function untilQuiet({ upstream }: Stage): Promise<void> {
  let before = await upstream.counts();
  for (let round = 0; round < mostQuietRounds; round += 1) {
    await pause(quietMs);
    const now = await upstream.counts();
    if (now.bodyBytes === before.bodyBytes && now.totalRequests === before.totalRequests) return;
    before = now;
  }
}
