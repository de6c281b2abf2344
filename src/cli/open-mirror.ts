import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  createMirrorCore,
  indexedUsage,
  createMirrorMetrics,
  loadMirrorConfig,
  type MirrorConfig,
  type MirrorCore,
  type MirrorMetrics,
} from '../../mirror/index.ts';
import { createOwnedTempDir } from '../disk/owned-temp-dir.ts';
import { writeSecretOnce } from '../disk/write-secret-once.ts';
import { createEvictor, type Evictor } from '../pull-through/usage-evictor.ts';
import { openUsageIndex, type UsageIndex } from '../pull-through/usage-index.ts';
import { openHostClaims } from '../pull-through/host-claims.ts';
import { openObjectStore } from '../store/open-object-store.ts';
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
  /** Keeps the names of private records from telling anything of their credentials. */
  readonly secret: Buffer;
}

/**
 * Opens the cache of a mirror; what it holds is closed by `stack`. Throws `config_invalid`, `home_unusable`, and the codes
 * of `openObjectStore`.
 */
export async function openMirror(
  context: CommandContext,
  settings: MirrorSettings,
  {
    stack,
    onNotKept,
  }: {
    readonly stack: AsyncDisposableStack;
    readonly onNotKept: (subject: string, error: unknown) => void;
  },
): Promise<OpenMirror> {
  const config = await loadMirrorConfig(settings.configFile, settings.flags);
  await ensureHome(context);
  const home = join(context.config.home, 'mirror');
  await mkdir(home, { recursive: true });
  // Tarballs and packuments of private packages are in there, and other users of this machine are not asked for a token.
  for (const own of settings.cacheUrl === null ? ['cache', 'spool'] : ['spool'])
    await mkdir(join(home, own), { recursive: true, mode: 0o700 });
  const cacheUrl = settings.cacheUrl ?? pathToFileURL(join(home, 'cache')).href;
  const objects = await openObjectStore(cacheUrl, { create: 'if-missing', kind: 'cache' });
  const spool = stack.use(await createOwnedTempDir(join(home, 'spool'), 'mirror'));
  const claims = stack.use(await openHostClaims(join(home, 'claims')));
  const metrics = createMirrorMetrics();
  const usage = stack.use(openUsageIndex(join(home, 'usage.sqlite')));
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
      spoolDirectory: spool.path,
      env: context.env,
      signal: context.signal,
      onUpstreamRequest: metrics.upstreamRequest,
      onNotKept(subject, error) {
        metrics.notKept();
        onNotKept(subject, error);
      },
    }),
  );
  const secret = await writeSecretOnce(join(home, 'secret'), () => randomBytes(32));
  return { config, core, metrics, usage, evictor, secret };
}
