import { AshlarError } from '../../src/index.ts';
import { createRefreshed, type Found, type Refreshed } from '../../src/network.ts';
import { bodyKey, indexKey, type PackumentForm, packumentKey } from '../cache/cache-paths.ts';
import type { FetchContext } from '../fetch-context.ts';
import { storeName } from '../packument/names/store-name.ts';
import { createByteBudget } from './byte-budget.ts';
import { fetchPackument, type PackumentTarget } from './fetch-packument.ts';
import {
  decodePackumentRecord,
  encodePackumentRecord,
  type PackumentRecord,
} from './packument-record.ts';
import { isOpen, viewRules } from './view-rules.ts';

/** The packuments of all registries. */
export type Packuments = Refreshed<PackumentTarget, PackumentRecord>;
export type FoundPackument = Found<PackumentRecord>;

/** Compressed bytes of packuments that are being received; others wait. */
const receivedBytes = 32 * 1024 ** 2;
/** About what a record takes in memory. */
const recordBytes = 1_000;

export function createPackuments(context: FetchContext): Packuments {
  const { cache } = context;
  const budget = createByteBudget(receivedBytes);
  return createRefreshed<PackumentTarget, PackumentRecord>(context, {
    ...viewRules(context),
    keyOf,
    changedAtMs: ({ view, name }) => context.changes.lastMs(view.registry, name),
    // Who may not read one form may not read the other.
    withdrawnWith: (target) =>
      (isOpen(target.view) ? [target.form] : forms).map((form) => ({ ...target, form })),
    async load(target) {
      const record = decodePackumentRecord(await cache.readRecord(keyOf(target)));
      if (record === null) return null;
      // What was evicted is fetched anew, whatever the record says.
      return (await cache.has(partsOf(record))) ? record : null;
    },
    save: (target, record) =>
      cache.writeRecord(keyOf(target), encodePackumentRecord(record), partsOf(record)),
    drop: (target) => cache.drop(keyOf(target)),
    async fetch(target, from) {
      try {
        return await fetchPackument(context, target, { ...from, budget });
      } catch (error) {
        noteRefusal(context, target, error);
        throw error;
      }
    },
    sizeBytes: () => recordBytes,
    maxAgeMsOf: () => context.settings.maxAgeMs,
  });
}

/** Whose credential may no longer read a packument may read nothing else of the package. */
function noteRefusal(context: FetchContext, target: PackumentTarget, error: unknown): void {
  const { view, name } = target;
  const verdicts = viewRules(context).verdictsOf(target);
  const isVerdict = error instanceof AshlarError && verdicts.includes(error.code);
  if (isVerdict && !isOpen(view)) context.withdrawals.mark(view, name);
}

function partsOf({ body }: PackumentRecord): string[] {
  return [bodyKey(body), indexKey(body)];
}

const forms: readonly PackumentForm[] = ['full', 'abbreviated'];

function keyOf({ view, name, form }: PackumentTarget): string {
  return packumentKey(view, storeName(name), form);
}
