import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createMirrorCore,
  createPolicy,
  loadMirrorConfig,
  type MirrorCore,
  startMirror,
} from '../../../mirror/index.ts';
import { createTempDir } from '../../../src/disk/temp-dir.ts';
import type { ServedRequest } from '../../../src/serving/observe/served-request.ts';
import { createServingMetrics } from '../../../src/serving/observe/serving-metrics.ts';
import { openTlsAuthority } from '../../../src/tls/authority.ts';
import {
  type RecordedRegistry,
  type RecordedRegistryOptions,
  startRecordedRegistry,
} from '../../support/npm-registry/recorded-registry.ts';
import { openKeptHome } from '../../support/kept-home.ts';

type CoreOptions = Parameters<typeof createMirrorCore>[0];
type ServeOptions = Parameters<typeof startMirror>[0];

/** The host by which the registry's clients know it. */
export const registryHost = 'registry.npm.test';

export interface TestMirrorOptions {
  /** Where it fetches from; the first of them as a rule. */
  readonly upstreams: readonly string[];
  /** As in the file of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly core?: Partial<CoreOptions>;
  readonly serve?: Partial<ServeOptions>;
  /** Keeps what is in it over mirrors; one of its own without. */
  readonly home?: string;
  /** For how long what was used stays, whatever needs room. */
  readonly spareMs?: number;
  /** Without it there is no TLS. */
  readonly tls?: boolean;
}

/** A whole mirror in this process. */
export interface TestMirror extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  readonly tlsPort: number;
  /** Of the authority, in PEM; empty without TLS. */
  readonly caPem: string;
  readonly home: string;
  readonly core: MirrorCore;
  /** Of the requests that are over. */
  readonly records: readonly ServedRequest[];
  readonly notKept: readonly string[];
}

/** Repetitions come at once, so that tests need not wait for them. */
const quickRetry = { baseDelayMs: 1, maxDelayMs: 5 };

export async function startTestMirror(options: TestMirrorOptions): Promise<TestMirror> {
  await using stack = new AsyncDisposableStack();
  const home = options.home ?? stack.use(await createTempDir(tmpdir(), 'ashlar-mirror')).path;
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
  const metrics = createServingMetrics({
    prefix: 'ashlar_mirror',
    upstreams: config.registries.flatMap(({ upstreams }) => upstreams),
  });
  const records: ServedRequest[] = [];
  const notKept: string[] = [];
  const core = stack.use(
    createMirrorCore({
      ...kept,
      config,
      env: {},
      signal,
      onUpstreamRequest: metrics.upstreamRequest,
      onNotKept: (subject) => void notKept.push(subject),
      retry: quickRetry,
      ...options.core,
    }),
  );
  const hosts = config.registries.flatMap((each) => each.hosts);
  const authority =
    options.tls === true
      ? await openTlsAuthority({ directory: join(home, 'authority'), hosts, nowMs: Date.now })
      : null;
  const policy = { policy: createPolicy(), revision: '1' };
  const place = { host: '127.0.0.1', port: 0 };
  const running = stack.use(
    await startMirror({
      config,
      core,
      listen: { http: place, tls: authority === null ? null : place },
      authority,
      tunnels: 'open',
      policy: () => policy,
      metrics,
      secret: Buffer.alloc(32, 7),
      env: options.core?.env ?? {},
      log: (record) => void records.push(record),
      cacheFacts,
      nowMs: options.core?.nowMs ?? Date.now,
      signal,
      ...options.serve,
    }),
  );
  const owned = stack.move();
  return {
    url: `http://127.0.0.1:${running.http.port}`,
    port: running.http.port,
    tlsPort: running.tls?.port ?? 0,
    caPem: (await authority?.caBundlePem()) ?? '',
    home,
    core,
    records,
    notKept,
    async [Symbol.asyncDispose]() {
      ended.abort();
      await core.tarballs.settled();
      await owned.disposeAsync();
    },
  };
}

/** A registry of made-up packages, and a mirror in front of it. */
export async function startBoth(
  registryOptions: RecordedRegistryOptions,
  options: Partial<TestMirrorOptions> = {},
): Promise<AsyncDisposable & { readonly registry: RecordedRegistry; readonly mirror: TestMirror }> {
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(
    await startRecordedRegistry({ publicHost: registryHost, ...registryOptions }),
  );
  const mirror = stack.use(await startTestMirror({ upstreams: [registry.url], ...options }));
  const owned = stack.move();
  return { registry, mirror, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function loadConfig(
  home: string,
  { upstreams, config }: TestMirrorOptions,
): ReturnType<typeof loadMirrorConfig> {
  const file = join(home, 'mirror.json');
  await mkdir(home, { recursive: true });
  const registries = [{ name: 'npm', hosts: [registryHost], upstreams }];
  await writeFile(file, JSON.stringify({ registries, ...config }));
  return loadMirrorConfig(file, { upstreams: [], hosts: [] });
}
