import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keepCounting } from '../../src/object-cache/usage/keep-counting.ts';
import { createEvictor } from '../../src/object-cache/usage/usage-evictor.ts';
import { openUsageIndex } from '../../src/object-cache/usage/usage-index.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { hookStore, keysOf } from '../support/hooked-store.ts';
import { scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('keep-counting');
const known = { prefixes: ['blobs/'], referencesOf: async () => [] };
const place = { spareMs: 0 };

it('learns what other hosts stored, and evicts what is too much for the limit', async () => {
  const store = createMemoryObjectStore({ nowMs: () => 1_000 });
  using usage = openUsageIndex(join(scratch, 'limit.sqlite'));
  const evictor = createEvictor({ store, usage, maxBytes: 100, ...place });
  const ending = new AbortController();
  const { signal } = ending;
  const problems: unknown[] = [];
  const onProblem = (error: unknown): void => void problems.push(error);
  const counting = keepCounting({
    usage,
    evictor,
    store,
    everyMs: 40,
    signal,
    onProblem,
    ...known,
  });
  await expect.poll(() => usage.isComplete()).toBe(true);
  for (let index = 0; index < 20; index += 1)
    await store.put(`blobs/other-${index}`, Buffer.alloc(10));
  await expect.poll(() => usage.totalBytes()).toBe(90);
  expect(await keysOf(store, '')).toHaveLength(9);
  ending.abort();
  await counting;
  expect(problems).toEqual([]);
});

it('is done by one process for all of the host, and again after a failure', async () => {
  const file = join(scratch, 'host.sqlite');
  const listings: string[] = [];
  let nowMs = 1_000_000;
  const inner = createMemoryObjectStore({ nowMs: () => nowMs });
  const open = (name: string, failures: number) => {
    let left = failures;
    const store = hookStore(inner, {
      before(call) {
        if (call !== 'list') return;
        listings.push(name);
        left -= 1;
        if (left >= 0) throw new Error('the store does not answer');
      },
    });
    const usage = openUsageIndex(file, { nowMs: () => nowMs });
    return { store, usage, evictor: createEvictor({ store, usage, maxBytes: Infinity, ...place }) };
  };
  const first = open('first', 1);
  const second = open('second', 0);
  const ending = new AbortController();
  const problems: unknown[] = [];
  const common = {
    ...known,
    everyMs: 40,
    signal: ending.signal,
    nowMs: () => nowMs,
    onProblem: (error: unknown) => void problems.push(error),
  };
  const running = [keepCounting({ ...first, ...common })];
  await expect.poll(() => listings).toEqual(['first', 'first']);
  await expect.poll(() => second.usage.isComplete()).toBe(true);
  expect(problems).toHaveLength(1);
  running.push(keepCounting({ ...second, ...common }));
  nowMs += 41;
  await expect.poll(() => listings.length).toBe(3);
  ending.abort();
  await Promise.all(running);
  expect(listings).toHaveLength(3);
  for (const { usage } of [first, second]) usage[Symbol.dispose]();
});
