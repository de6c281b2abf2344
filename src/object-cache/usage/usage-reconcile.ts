import type { DatabaseSync } from 'node:sqlite';
import { createLimiter } from '../../flow/limiter.ts';
import type { ObjectInfo, ObjectStore } from '../../store/object-store.ts';
import type { UsageDatabase } from './usage-database.ts';

export interface ReconcileOptions {
  readonly store: ObjectStore;
  /** What of the store belongs to the cache: all objects whose key starts with one of these, and no others. */
  readonly prefixes: readonly string[];
  /** What an object that the index does not know refers to; reads it where its key does not tell. */
  readonly referencesOf: (key: string) => Promise<readonly string[]>;
  readonly signal?: AbortSignal;
}

const batchSize = 200;
const readsAtOnce = 16;

/** An object that the index did not know, with what it refers to. */
interface Found {
  readonly info: ObjectInfo;
  readonly refersTo: readonly string[];
}

/**
 * Several processes may do this at once. What was found is not evicted before the listing is complete, as an object's
 * referrers may be listed after it. What was recorded since the beginning is kept, listed or not.
 */
export async function reconcileUsage(
  database: UsageDatabase,
  options: ReconcileOptions,
  nowMs: () => number,
): Promise<void> {
  const begunMs = nowMs();
  const run = database.change((tables) => {
    tables.prepare('UPDATE state SET begun = begun + 1, listed = ?').run(begunMs);
    return Number(tables.prepare('SELECT begun FROM state').get()?.['begun']);
  });
  for (const prefix of options.prefixes) {
    let batch: ObjectInfo[] = [];
    for await (const info of options.store.list(prefix)) {
      options.signal?.throwIfAborted();
      batch.push(info);
      if (batch.length < batchSize) continue;
      await learn(database, { batch, run, ...options });
      batch = [];
    }
    await learn(database, { batch, run, ...options });
  }
  database.change((tables) => {
    const missing = 'seen < :run AND used < :begunMs AND going = 0';
    tables
      .prepare(`DELETE FROM links WHERE source IN (SELECT key FROM entries WHERE ${missing})`)
      .run({ run, begunMs });
    tables.prepare(`DELETE FROM entries WHERE ${missing}`).run({ run, begunMs });
    tables.prepare('UPDATE state SET completed = max(completed, ?)').run(run);
  });
}

interface Batch extends ReconcileOptions {
  readonly batch: readonly ObjectInfo[];
  readonly run: number;
}

async function learn(database: UsageDatabase, { batch, run, ...options }: Batch): Promise<void> {
  const unknown = database.change((tables) => batch.filter((info) => !mark(tables, info, run)));
  const found: Found[] = [];
  const limiter = createLimiter(readsAtOnce);
  for (const info of unknown) {
    await limiter.enter(async () => {
      found.push({ info, refersTo: await options.referencesOf(info.key) });
    });
  }
  await limiter.drain();
  options.signal?.throwIfAborted();
  database.change((tables) => {
    for (const each of found) insert(tables, each, run);
  });
}

/** Notes that an entry is in the store; false where there is none of that key. */
function mark(tables: DatabaseSync, { key, sizeBytes }: ObjectInfo, run: number): boolean {
  const { changes } = tables
    .prepare('UPDATE entries SET seen = max(seen, ?), size = ? WHERE key = ?')
    .run(run, sizeBytes, key);
  return changes > 0;
}

/** The time of its last use is that of its storing, or of what refers to it. */
function insert(tables: DatabaseSync, { info, refersTo }: Found, run: number): void {
  const { key, sizeBytes, modifiedMs } = info;
  const { changes } = tables
    .prepare(
      `INSERT OR IGNORE INTO entries SELECT :key, :sizeBytes, max(:modifiedMs, coalesce(
         (SELECT max(s.used) FROM links l JOIN entries s ON s.key = l.source WHERE l.target = :key), 0)), 0, :run, :run`,
    )
    .run({ key, sizeBytes, modifiedMs, run });
  if (changes === 0) {
    // Recorded, or found by another listing, in between.
    mark(tables, info, run);
    return;
  }
  const link = tables.prepare('INSERT OR IGNORE INTO links VALUES (?, ?)');
  const use = tables.prepare('UPDATE entries SET used = max(used, ?) WHERE key = ?');
  for (const target of refersTo) {
    link.run(key, target);
    use.run(modifiedMs, target);
  }
}
