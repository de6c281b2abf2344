import { tmpdir } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createRequestLedger } from '../../src/ledger/request-ledger.ts';
import { createObjectCache } from '../../src/object-cache/object-cache.ts';
import { createRefreshed } from '../../src/pull-through/documents/refreshed.ts';
import type { PullContext } from '../../src/pull-through/pull-context.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';

const context: PullContext = {
  cache: createObjectCache({
    objects: createMemoryObjectStore(),
    hotBytes: 0,
    usage: { used: () => {}, dropped: () => {}, free: async () => {}, put: (_, write) => write() },
  }),
  claims: {
    claim: async () => ({ kind: 'mine', release: async () => {} }),
    [Symbol.asyncDispose]: async () => {},
  },
  waiting: { nowMs: Date.now, random: Math.random, sleep: async () => {} },
  retry: { attempts: 1, baseDelayMs: 1, maxDelayMs: 1, maxRetryAfterMs: 1 },
  spool: { directory: tmpdir() },
  settings: { maxStaleMs: 0, freshBudgetMs: 0, fetchTimeoutMs: 1_000, absenceMs: 1_000 },
  signal: new AbortController().signal,
};

it('a document that nobody waits for any more is stored before all is settled', async () => {
  const store = Promise.withResolvers<void>();
  const stored: string[] = [];
  const documents = createRefreshed<string, { readonly checkedAtMs: number }>(context, {
    keyOf: (target) => target,
    changedAtMs: () => 0,
    load: async () => null,
    async save(target) {
      await store.promise;
      stored.push(target);
    },
    drop: async () => {},
    absences: [],
    verdictsOf: () => [],
    withdrawnWith: () => [],
    patienceFor: () => 'answer',
    troubleOf: () => 'none',
    fetch: async () => ({ record: { checkedAtMs: Date.now() }, outcome: 'fetched' }),
    sizeBytes: () => 1,
    maxAgeMsOf: () => 60_000,
  });
  const left = new AbortController();
  const ask = { ledger: createRequestLedger(), signal: left.signal, freshness: 'current' } as const;
  const asked = documents.find('one', ask);
  left.abort();
  await expect(asked).rejects.toThrow('aborted');
  let isSettled = false;
  const settled = documents.settled().then(() => (isSettled = true));
  for (let turns = 0; turns < 5; turns += 1) await turn();
  expect(isSettled).toBe(false);
  store.resolve();
  await settled;
  expect(stored).toEqual(['one']);
});
