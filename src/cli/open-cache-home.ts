import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createOwnedTempDir } from '../disk/owned-temp-dir.ts';
import { writeSecretOnce } from '../disk/write-secret-once.ts';
import { toAshlarError } from '../errors/ashlar-error.ts';
import { createSharedReads } from '../flow/shared-reads.ts';
import { indexedUsage, type ObjectUsage } from '../object-cache/object-usage.ts';
import type { SpoolPlace } from '../pull-through/body-spool.ts';
import { type HostClaims, openHostClaims } from '../pull-through/host-claims.ts';
import { keepCounting } from '../object-cache/usage/keep-counting.ts';
import { createEvictor, type Evictor } from '../object-cache/usage/usage-evictor.ts';
import { openUsageIndex, type UsageIndex } from '../object-cache/usage/usage-index.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { openObjectStore } from '../store/open-object-store.ts';
import type { CommandContext } from './command-context.ts';
import { ensureHome } from './ensure-home.ts';

/** What a server that pulls through has on this machine. */
export interface CacheHome {
  readonly objects: ObjectStore;
  readonly spool: SpoolPlace;
  readonly claims: HostClaims;
  readonly index: UsageIndex;
  readonly evictor: Evictor;
  readonly usage: ObjectUsage;
  /** Keeps the names of private records from telling anything of their credentials. */
  readonly secret: Buffer;
  /** Counts what is kept as long as the signal lasts. */
  keepCounting(until: {
    readonly signal: AbortSignal;
    readonly onProblem: (error: unknown) => void;
    readonly prefixes: readonly string[];
    /** The objects that one keeps. */
    readonly referencesOf: (key: string) => Promise<string[]>;
  }): Promise<void>;
}

export interface CacheHomeOptions {
  /** The folder in Ashlar's home. */
  readonly name: 'mirror' | 'registry-cache';
  /** Null: a folder there. */
  readonly cacheUrl: string | null;
  /** Null for no limit. */
  readonly maxBytes: number | null;
  /** Closes what is opened. */
  readonly stack: AsyncDisposableStack;
  /** Told of what fails on this machine and is gone on without. */
  readonly onProblem: (error: unknown) => void;
}

/** What other hosts store in the same cache counts from the next listing on; without a limit it does not matter. */
const countAgainMs = 3600_000;
/** Hundreds of clients that were sent for the same layers at once are within so many bytes of each other for most of the way. */
const sharedReadBytes = 32 * 1024 ** 2;

/** Opens what is kept on this machine, and makes what is missing. Throws `home_unusable` and the codes of `openObjectStore`. */
export async function openCacheHome(
  context: CommandContext,
  options: CacheHomeOptions,
): Promise<CacheHome> {
  const { maxBytes, stack, onProblem } = options;
  const { home, objects, spool } = await openPlaces(context, options);
  const claims = stack.use(await openHostClaims(join(home, 'claims')));
  const index = stack.use(openUsageIndex(usageFile(home, objects.url), { onProblem }));
  const evictor = createEvictor({
    store: objects,
    usage: index,
    maxBytes: maxBytes ?? Infinity,
  });
  const everyMs = maxBytes === null ? Infinity : countAgainMs;
  return {
    objects,
    spool,
    claims,
    index,
    evictor,
    usage: indexedUsage(index, evictor),
    secret: await writeSecretOnce(join(home, 'secret'), () => randomBytes(32)),
    keepCounting: (until) =>
      keepCounting({ ...until, usage: index, evictor, store: objects, everyMs }),
  };
}

interface Places {
  readonly home: string;
  readonly objects: ObjectStore;
  readonly spool: SpoolPlace;
}

async function openPlaces(
  context: CommandContext,
  { name, cacheUrl, stack }: CacheHomeOptions,
): Promise<Places> {
  await ensureHome(context);
  const home = join(context.config.home, name);
  await mkdir(home, { recursive: true });
  // What is private is in there too, and other users of this machine are not asked for a credential.
  for (const own of cacheUrl === null ? ['cache', 'spool'] : ['spool'])
    await mkdir(join(home, own), { recursive: true, mode: 0o700 });
  const url = cacheUrl ?? pathToFileURL(join(home, 'cache')).href;
  const reads = createSharedReads(sharedReadBytes);
  const objects = await openObjectStore(url, { create: 'if-missing', kind: 'cache', reads });
  const { path: directory } = stack.use(await createOwnedTempDir(join(home, 'spool'), name));
  return { home, objects, spool: { directory, reads } };
}

/** Each cache has its own, as several may be used from one home. */
function usageFile(home: string, cacheUrl: string): string {
  const name = createHash('sha256').update(cacheUrl).digest('hex').slice(0, 16);
  return join(home, `usage-${name}.sqlite`);
}

/** Tells of problems on stderr. */
export function lineOn({ terminal }: CommandContext): (error: unknown) => void {
  return (error) => void terminal.stderr.write(`${toAshlarError(error).message}\n`);
}
