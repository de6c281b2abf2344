import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  cachePrefixes,
  createMirrorCore,
  indexedUsage,
  createMirrorMetrics,
  loadMirrorConfig,
  type MirrorConfig,
  type MirrorCore,
  type MirrorMetrics,
  recordReferences,
} from '../../mirror/index.ts';
import { createOwnedTempDir } from '../disk/owned-temp-dir.ts';
import { writeSecretOnce } from '../disk/write-secret-once.ts';
import { keepCounting } from '../pull-through/keep-counting.ts';
import { createEvictor, type Evictor } from '../pull-through/usage-evictor.ts';
import { openUsageIndex, type UsageIndex } from '../pull-through/usage-index.ts';
import { openHostClaims } from '../pull-through/host-claims.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { openObjectStore } from '../store/open-object-store.ts';
import { toAshlarError } from '../errors/ashlar-error.ts';
import type { CommandContext } from './command-context.ts';
import { ensureHome } from './ensure-home.ts';
import type { MirrorSettings } from './program-mirror.ts';

/** A mirror without its servers, and what belongs to it on this machine. */
export interface OpenMirror {
  readonly config: MirrorConfig;
  readonly core: MirrorCore;
  readonly metrics: MirrorMetrics;
  readonly usage: UsageIndex;
  readonly evictor: Evictor;
  /** Learns what the cache holds, at first and then of what other hosts do to it, as long as the signal is not aborted. */
  keepCounting(until: {
    readonly signal: AbortSignal;
    readonly onProblem: (error: unknown) => void;
  }): Promise<void>;
  /** Keeps the names of private records from telling anything of their credentials. */
  readonly secret: Buffer;
}

/** What other hosts store in the same cache counts from the next listing on; without a limit it does not matter. */
const countAgainMs = 3600_000;

export interface OpenMirrorOptions {
  /** Closes what is opened. */
  readonly stack: AsyncDisposableStack;
  readonly onNotKept: (subject: string, error: unknown) => void;
  /** Told of what fails on this machine and is gone on without. Default: a line on stderr. */
  readonly onProblem?: (error: unknown) => void;
}

/** Opens the cache of a mirror. Throws `config_invalid`, `home_unusable`, and the codes of `openObjectStore`. */
export async function openMirror(
  context: CommandContext,
  settings: MirrorSettings,
  { stack, onNotKept, onProblem = lineOn(context) }: OpenMirrorOptions,
): Promise<OpenMirror> {
  const config = await loadMirrorConfig(settings.configFile, settings.flags);
  const { home, objects, spoolDirectory } = await openPlaces(context, settings, stack);
  const claims = stack.use(await openHostClaims(join(home, 'claims')));
  const metrics = createMirrorMetrics(config.registries);
  const usage = stack.use(openUsageIndex(usageFile(home, objects.url), { onProblem }));
  const evictor = createEvictor({
    store: objects,
    usage,
    maxBytes: config.maxCacheBytes ?? Infinity,
    // What was used in the last half minute stays, which is longer than any answer needs to begin.
    protect: () => false,
  });
  const core = stack.use(
    createMirrorCore({
      config,
      objects,
      usage: indexedUsage(usage, evictor),
      claims,
      spoolDirectory,
      env: context.env,
      signal: context.signal,
      onUpstreamRequest: metrics.upstreamRequest,
      onNotKept(subject, error) {
        metrics.notKept();
        onNotKept(subject, error);
      },
      onProblem,
    }),
  );
  const secret = await writeSecretOnce(join(home, 'secret'), () => randomBytes(32));
  const counted = {
    usage,
    evictor,
    store: objects,
    prefixes: cachePrefixes,
    referencesOf: (key: string) => recordReferences(core.cache, key),
    everyMs: config.maxCacheBytes === null ? Infinity : countAgainMs,
  };
  const keepOnCounting: OpenMirror['keepCounting'] = (until) =>
    keepCounting({ ...counted, ...until });
  return { config, core, metrics, usage, evictor, secret, keepCounting: keepOnCounting };
}

interface Places {
  readonly home: string;
  readonly objects: ObjectStore;
  readonly spoolDirectory: string;
}

async function openPlaces(
  context: CommandContext,
  { cacheUrl }: MirrorSettings,
  stack: AsyncDisposableStack,
): Promise<Places> {
  await ensureHome(context);
  const home = join(context.config.home, 'mirror');
  await mkdir(home, { recursive: true });
  // Tarballs and packuments of private packages are in there, and other users of this machine are not asked for a token.
  for (const own of cacheUrl === null ? ['cache', 'spool'] : ['spool'])
    await mkdir(join(home, own), { recursive: true, mode: 0o700 });
  const url = cacheUrl ?? pathToFileURL(join(home, 'cache')).href;
  const objects = await openObjectStore(url, { create: 'if-missing', kind: 'cache' });
  const spool = stack.use(await createOwnedTempDir(join(home, 'spool'), 'mirror'));
  return { home, objects, spoolDirectory: spool.path };
}

function lineOn({ terminal }: CommandContext): (error: unknown) => void {
  return (error) => void terminal.stderr.write(`${toAshlarError(error).message}\n`);
}

/** Each cache has its own, as several may be used from one home. */
function usageFile(home: string, cacheUrl: string): string {
  const name = createHash('sha256').update(cacheUrl).digest('hex').slice(0, 16);
  return join(home, `usage-${name}.sqlite`);
}
