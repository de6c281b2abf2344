import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createSharedReads } from '../../src/flow/shared-reads.ts';
import { indexedUsage, type ObjectUsage } from '../../src/object-cache/object-usage.ts';
import { createEvictor } from '../../src/object-cache/usage/usage-evictor.ts';
import { openUsageIndex } from '../../src/object-cache/usage/usage-index.ts';
import type { SpoolPlace } from '../../src/pull-through/body-spool.ts';
import { type HostClaims, openHostClaims } from '../../src/pull-through/host-claims.ts';
import type { CacheFacts } from '../../src/serving/observe/serving-metrics.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openObjectStore } from '../../src/store/open-object-store.ts';

/** What a server that pulls through has on its machine, for one in the process of a test. */
export interface KeptHome {
  readonly objects: ObjectStore;
  readonly usage: ObjectUsage;
  readonly claims: HostClaims;
  readonly spool: SpoolPlace;
  cacheFacts(): CacheFacts;
}

export interface KeptHomeOptions {
  /** Closes what is opened. */
  readonly stack: AsyncDisposableStack;
  /** Null for no limit. */
  readonly maxBytes: number | null;
  /** For how long what was used stays, whatever needs room. */
  readonly spareMs: number | undefined;
}

export async function openKeptHome(
  home: string,
  { stack, maxBytes, spareMs }: KeptHomeOptions,
): Promise<KeptHome> {
  const reads = createSharedReads(16 * 1024 ** 2);
  const url = pathToFileURL(join(home, 'cache')).href;
  const objects = await openObjectStore(url, { create: 'if-missing', kind: 'cache', reads });
  const directory = join(home, 'spool');
  await mkdir(directory, { recursive: true });
  const claims = stack.use(await openHostClaims(join(home, 'claims')));
  const usage = stack.use(openUsageIndex(join(home, 'usage.sqlite')));
  const evictor = createEvictor({
    store: objects,
    usage,
    maxBytes: maxBytes ?? Infinity,
    ...(spareMs === undefined ? {} : { spareMs }),
  });
  return {
    objects,
    usage: indexedUsage(usage, evictor),
    claims,
    spool: { directory, reads },
    cacheFacts: () => ({ bytes: usage.totalBytes(), evicted: evictor.counts() }),
  };
}
