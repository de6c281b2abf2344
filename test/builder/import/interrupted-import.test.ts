import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLedger, type Ledger } from '../../../src/ledger/ledger.ts';
import { noise } from '../../oci/support/byte-streams.ts';
import { scratchDir } from '../../support/scratch.ts';
import { importSource, layoutOf, leftovers, startRun } from './support/import-layers.ts';
import { file } from './support/layer-records.ts';

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
    expect(puts).toBe(1);
    expect(await leftovers(run)).toEqual([]);
  });
});
