import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/digest/digest.ts';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { createStepResults } from '../../../src/image/references/step-results.ts';
import { createMemoryObjectStore } from '../../../src/store/memory-object-store.ts';
import { meterObjectStore } from '../../../src/store/meter-object-store.ts';
import { imageKey, stepKey } from '../../../src/store/store-paths.ts';
import { failureOf } from '../../support/failures.ts';
import { hookStore } from '../../support/hooked-store.ts';

const step = digestOf(Buffer.from('step'));
const image = digestOf(Buffer.from('image'));
const dayMs = 24 * 3600_000;

async function fixture() {
  let nowMs = 0;
  const store = meterObjectStore(createMemoryObjectStore({ nowMs: () => nowMs }));
  await store.put(imageKey(image, 'root'), Buffer.from('root'));
  const steps = createStepResults(store, () => nowMs);
  return { store, steps, pass: (durationMs: number) => void (nowMs += durationMs) };
}

describe('the result of a step', () => {
  it('is found while its image exists', async () => {
    const { store, steps } = await fixture();
    expect(await steps.find(step)).toBeNull();
    await steps.record(step, image);
    expect(await steps.find(step)).toBe(image);
    await store.delete(imageKey(image, 'root'));
    expect(await steps.find(step)).toBeNull();
  });

  it('is renewed once a day when it is found, and otherwise costs no write', async () => {
    const { store, steps, pass } = await fixture();
    await steps.record(step, image);
    pass(dayMs - 1);
    await steps.find(step);
    expect(store.counts().replace.calls).toBe(1);
    pass(1);
    expect(await steps.find(step)).toBe(image);
    expect(await steps.find(step)).toBe(image);
    expect(store.counts().replace.calls).toBe(2);
    expect((await store.head(stepKey(step)))?.modifiedMs).toBe(dayMs);
  });

  it.each(['', '{', '{"image":3}', '{"image":"blake3:12"}', '[]'])(
    'is not known when its record is damaged: %j',
    async (text) => {
      const { store, steps } = await fixture();
      await store.replace(stepKey(step), Buffer.from(text));
      expect(await steps.find(step)).toBeNull();
      await steps.record(step, image);
      expect(await steps.find(step)).toBe(image);
    },
  );

  it('can be used from a store that cannot be written', async () => {
    for (const code of ['store_read_only', 'store_full'] as const) {
      const { store, steps } = await fixture();
      await steps.record(step, image);
      const unwritable = hookStore(store, {
        before(call) {
          if (call === 'replace') throw new AshlarError(code, 'no');
        },
      });
      expect(await createStepResults(unwritable, () => 10 * dayMs).find(step)).toBe(image);
    }
  });

  it('is not taken for unknown when the store does not answer', async () => {
    const { store } = await fixture();
    const down = hookStore(store, {
      before() {
        throw new AshlarError('store_unreachable', 'down');
      },
    });
    const failure = await failureOf(createStepResults(down, () => 0).find(step));
    expect(failure.code).toBe('store_unreachable');
  });
});
