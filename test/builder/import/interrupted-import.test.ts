import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { createLedger, type Ledger } from '../../../src/ledger/ledger.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { noise } from '../../oci/support/byte-streams.ts';
import { scratchDir } from '../../support/scratch.ts';
import { importSource, layoutOf, leftovers, startRun } from './support/import-layers.ts';
import { file, hardLink } from './support/layer-records.ts';

/** A ledger that calls `when` as a span of that kind begins. */
function watchedLedger(kind: string, when: () => void): Ledger {
  const ledger = createLedger();
  return {
    ...ledger,
    span(found, subject, work) {
      if (found === kind) when();
      return ledger.span(found, subject, work);
    },
  };
}

/** Makes the puts of a store take a while; tells how many are under way, and how many there were. */
function slowPuts(objects: ObjectStore): { underWay: number; all: number } {
  const puts = { underWay: 0, all: 0 };
  const put = objects.put.bind(objects);
  objects.put = async (...args) => {
    puts.all += 1;
    puts.underWay += 1;
    await delay(100);
    return put(...args).finally(() => (puts.underWay -= 1));
  };
  return puts;
}

describe('an import that fails', () => {
  const scratch = scratchDir('failed-import');
  // Packs are closed at 8 MiB: of these 20 MB two are put, and a third has begun.
  const large = Array.from({ length: 200 }, (_, number) =>
    file(`${number}`, noise(100_000, number)),
  );

  it('tells it when nothing is written any more', async () => {
    const source = await layoutOf(join(scratch, 'hostile'), [large, [hardLink('h', 'none')]]);
    using run = startRun(scratch);
    const puts = slowPuts(run.imageStore.objects);
    await expect(importSource(run, source)).rejects.toMatchObject({ code: 'layer_invalid' });
    expect(puts.underWay).toBe(0);
    const { all } = puts;
    await delay(150);
    expect(puts).toEqual({ underWay: 0, all });
    expect(await leftovers(run)).toEqual([]);
  });

  it('for a store that fails tells that when the others are done', async () => {
    const source = await layoutOf(join(scratch, 'failing'), [large]);
    using run = startRun(scratch);
    const { objects } = run.imageStore;
    const puts = slowPuts(objects);
    const slow = objects.put;
    objects.put = (...args) => {
      if (puts.all > 0) return Promise.reject(new AshlarError('store_full', 'it is full'));
      return slow(...args);
    };
    await expect(importSource(run, source)).rejects.toMatchObject({ code: 'store_full' });
    expect(puts).toEqual({ underWay: 0, all: 1 });
    expect(await leftovers(run)).toEqual([]);
  });
});

describe('an import that is interrupted', () => {
  const scratch = scratchDir('interrupted-import');

  it.each(['unpack', 'layout'])(
    'in the phase %s leaves nothing and gives the reason',
    async (kind) => {
      const layers = [0, 1].map((layer) =>
        Array.from({ length: 30 }, (_, number) =>
          file(`${number}`, noise(100_000, layer * 30 + number)),
        ),
      );
      const source = await layoutOf(join(scratch, kind), layers, 'gzip');
      using run = startRun(scratch);
      const controller = new AbortController();
      const reason = new Error(`stopped in ${kind}`);
      const ledger = watchedLedger(kind, () => controller.abort(reason));
      const { signal } = controller;
      await expect(importSource(run, source, { signal, ledger })).rejects.toBe(reason);
      expect(await leftovers(run)).toEqual([]);
    },
  );

  it('in the middle of a layer leaves nothing and gives the reason', async () => {
    const records = Array.from({ length: 200 }, (_, number) =>
      file(`${number}`, noise(70_000, number)),
    );
    const source = await layoutOf(join(scratch, 'middle'), [records], 'gzip');
    using run = startRun(scratch);
    const controller = new AbortController();
    const reason = new Error('stopped in the middle');
    let puts = 0;
    const put = run.imageStore.objects.put.bind(run.imageStore.objects);
    run.imageStore.objects.put = (...args) => {
      puts += 1;
      controller.abort(reason);
      return put(...args);
    };
    await expect(importSource(run, source, { signal: controller.signal })).rejects.toBe(reason);
    // The pack that was begun is not put.
    expect(puts).toBe(1);
    expect(await leftovers(run)).toEqual([]);
  });
});
