import type { DatabaseSync } from 'node:sqlite';
import { hasCode } from '../../errors/has-code.ts';
import type { UsageDatabase } from './usage-database.ts';

export interface Victim {
  readonly key: string;
  readonly sizeBytes: number;
  readonly usedMs: number;
}

export interface VictimSearch {
  /** How much shall go, of a total that no other process changes meanwhile. */
  readonly neededBytes: (totalBytes: number) => number;
  /** Only what was not used since. */
  readonly unusedSinceMs: number;
}

/** Choosing what goes, so that several processes together take no more than is needed. */
export interface Victims {
  /**
   * Takes entries worth at least what is needed, or a batch of them, or as many as there are: the least recently used first, each
   * followed by what only it refers to. From now on they no longer count. On a disk too full to note that, they are
   * chosen all the same.
   */
  choose(search: VictimSearch): readonly Victim[];
  /** Whether a victim may still be deleted: it was not used since, and nothing refers to it but what was deleted. */
  mayGo(victim: Victim, deleted: ReadonlySet<string>): boolean;
  /** These were deleted, those stay after all; `usedMs` of the latter may be later than it was. */
  settle(outcome: { readonly gone: readonly Victim[]; readonly spared: readonly Victim[] }): void;
}

const batchSize = 64;
const pageSize = 256;

/** After this time an evictor that has not deleted what it took counts as dead. */
const abandonedMs = 60_000;

export interface VictimsOptions {
  readonly database: UsageDatabase;
  readonly flush: () => void;
  readonly nowMs: () => number;
}

export function createVictims({ database, flush, nowMs }: VictimsOptions): Victims {
  return {
    choose(search) {
      const find = (tables: DatabaseSync): Victim[] => findVictims(tables, search, nowMs());
      try {
        flush();
        return database.change((tables) => {
          const victims = find(tables);
          const take = tables.prepare('UPDATE entries SET going = ? WHERE key = ?');
          for (const { key } of victims) take.run(nowMs(), key);
          return victims;
        });
      } catch (error) {
        if (!hasCode(error, 'disk_full')) throw error;
        return database.run(find);
      }
    },
    mayGo: (victim, deleted) =>
      database.run((tables) => {
        const row = tables.prepare('SELECT used FROM entries WHERE key = ?').get(victim.key);
        return row?.['used'] === victim.usedMs && !isReferred(tables, victim.key, deleted);
      }),
    settle({ gone, spared }) {
      database.change((tables) => {
        const remove = tables.prepare('DELETE FROM entries WHERE key = ? AND used = ?');
        const unlink = tables.prepare('DELETE FROM links WHERE source = ?');
        for (const { key, usedMs } of gone)
          if (remove.run(key, usedMs).changes > 0) unlink.run(key);
        const keep = tables.prepare(
          'UPDATE entries SET going = 0, used = max(used, ?) WHERE key = ?',
        );
        for (const { key, usedMs } of spared) keep.run(usedMs, key);
      });
    },
  };
}

/** In the order of use, beginning behind `after`; what dead evictors took is taken again. */
const pageSql = `
  SELECT key, size, used, going FROM entries
  WHERE (used, key) > (:used, :key) AND used < :before AND (going = 0 OR going < :abandoned)
    AND born <= (SELECT completed FROM state)
  ORDER BY used, key LIMIT ${pageSize}`;

function findVictims(tables: DatabaseSync, search: VictimSearch, now: number): Victim[] {
  const page = tables.prepare(pageSql);
  const chosen = new Map<string, Victim>();
  const limits = { before: search.unusedSinceMs, abandoned: now - abandonedMs };
  let after = { used: -1, key: '' };
  const total = Number(tables.prepare('SELECT bytes FROM state').get()?.['bytes']);
  const neededBytes = search.neededBytes(total);
  let bytes = 0;
  for (;;) {
    const rows = page.all({ ...after, ...limits });
    for (const row of rows) {
      after = { used: Number(row['used']), key: String(row['key']) };
      if (bytes >= neededBytes || chosen.size >= batchSize) return [...chosen.values()];
      if (chosen.has(after.key)) continue;
      if (isReferred(tables, after.key, new Set(chosen.keys()))) continue;
      for (const victim of withDependents(tables, row, { ...search, chosen })) {
        chosen.set(victim.key, victim);
        bytes += victim.sizeBytes;
      }
    }
    if (rows.length < pageSize) return [...chosen.values()];
  }
}

interface DependentSearch extends VictimSearch {
  readonly chosen: ReadonlyMap<string, Victim>;
}

/** An entry, and after it what would be left without a referrer. */
function withDependents(
  tables: DatabaseSync,
  row: Record<string, unknown>,
  search: DependentSearch,
): Victim[] {
  const targets = tables.prepare(
    `SELECT e.key, e.size, e.used FROM links l JOIN entries e ON e.key = l.target
     WHERE l.source = ? AND e.going = 0`,
  );
  const victims = [victimOf(row)];
  const going = new Set([...search.chosen.keys(), ...victims.map(({ key }) => key)]);
  for (const { key } of victims) {
    for (const target of targets.all(key)) {
      const victim = victimOf(target);
      if (going.has(victim.key) || isReferred(tables, victim.key, going)) continue;
      if (victim.usedMs >= search.unusedSinceMs) continue;
      going.add(victim.key);
      victims.push(victim);
    }
  }
  return victims;
}

function isReferred(tables: DatabaseSync, key: string, except: ReadonlySet<string>): boolean {
  const referrers = tables.prepare(
    'SELECT s.key FROM links l JOIN entries s ON s.key = l.source WHERE l.target = ? AND s.going = 0',
  );
  for (const row of referrers.iterate(key)) if (!except.has(String(row['key']))) return true;
  return false;
}

function victimOf(row: Record<string, unknown>): Victim {
  return {
    key: String(row['key']),
    sizeBytes: Number(row['size']),
    usedMs: Number(row['used']),
  };
}
