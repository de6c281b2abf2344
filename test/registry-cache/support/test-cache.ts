import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CacheCore,
  createCacheCore,
  loadCacheConfig,
  operatorCredentials,
  startRegistryCache,
} from '../../../registry-cache/index.ts';
import { createTempDir } from '../../../src/disk/temp-dir.ts';
import { createServingMetrics } from '../../../src/serving/observe/serving-metrics.ts';
import type { ServedRequest } from '../../../src/serving/observe/served-request.ts';
import { openKeptHome } from '../../support/kept-home.ts';

type CoreOptions = Parameters<typeof createCacheCore>[0];
type ServeOptions = Parameters<typeof startRegistryCache>[0];

/** The registry that tests put in front of their upstream; it is the root. */
export const registryName = 'registry.test';

export interface TestCacheOptions {
  /** Where the registry is fetched from; the first of them as a rule. */
  readonly upstreams: readonly string[];
  /** Of that registry, as in the file of the configuration. */
  readonly registry?: Readonly<Record<string, unknown>>;
  /** As in the file of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly core?: Partial<CoreOptions>;
  readonly serve?: Partial<ServeOptions>;
  /** Keeps what is in it over caches; one of its own without. */
  readonly home?: string;
  /** For how long what was used stays, whatever needs room. */
  readonly spareMs?: number;
}

/** A whole registry cache in this process. */
export interface TestCache extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  readonly home: string;
  readonly core: CacheCore;
  /** Of the requests that are over. */
  readonly records: readonly ServedRequest[];
  readonly notKept: readonly string[];
}

/** Repetitions come at once, so that tests need not wait for them. */
const quickRetry = { baseDelayMs: 1, maxDelayMs: 5 };

export async function startTestCache(options: TestCacheOptions): Promise<TestCache> {
  await using stack = new AsyncDisposableStack();
  const home = options.home ?? stack.use(await createTempDir(tmpdir(), 'ashlar-cache')).path;
  const ended = new AbortController();
  stack.defer(() => ended.abort());
  const { signal } = ended;
  const config = await loadConfig(home, options);
  const { maxCacheBytes: maxBytes } = config;
  const { cacheFacts, ...kept } = await openKeptHome(home, {
    stack,
    maxBytes,
    spareMs: options.spareMs,
  });
  const records: ServedRequest[] = [];
  const notKept: string[] = [];
  const core = stack.use(
    createCacheCore({
      ...kept,
      config,
      env: {},
      credentials: operatorCredentials({}),
      signal,
      onNotKept: (subject) => notKept.push(subject),
      retry: quickRetry,
      ...options.core,
    }),
  );
  const upstreams = config.registries.flatMap(({ endpoints }) => endpoints);
  const running = stack.use(
    await startRegistryCache({
      core,
      listen: { http: { host: '127.0.0.1', port: 0 }, tls: null },
      certificate: null,
      metrics: createServingMetrics({ prefix: 'ashlar_registry_cache', upstreams }),
      secret: Buffer.from('of this test alone'),
      cacheFacts,
      nowMs: Date.now,
      signal,
      ...options.serve,
      log(record) {
        records.push(record);
        options.serve?.log?.(record);
      },
    }),
  );
  const { port } = running.http;
  const owned = stack.move();
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    home,
    core,
    records,
    notKept,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function loadConfig(
  home: string,
  { upstreams, registry, config }: TestCacheOptions,
): ReturnType<typeof loadCacheConfig> {
  const file = join(home, 'registry-cache.json');
  await mkdir(home, { recursive: true });
  const stated = { name: registryName, endpoints: upstreams, ...registry };
  const raw = { registries: [stated], root: registryName, onlyStated: true, ...config };
  await writeFile(file, JSON.stringify(raw));
  return loadCacheConfig(file, { upstreams: [] });
}
