import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/digest/digest.ts';
import type { Json } from '../../src/image/canonical-json.ts';
import { recordProvenance, renewProvenance } from '../../src/image/record-provenance.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { imageKey } from '../../src/store/store-paths.ts';
import { hookStore } from '../support/hooked-store.ts';

const image = digestOf(Buffer.from('an image'));
const key = imageKey(image, 'provenance');
const early = { kind: 'build', dockerfile: 'one', built: '2020' };
const late = { ...early, built: '2021' };
const other = { ...late, dockerfile: 'two' };
const step = { kind: 'step', line: 1 };
const otherStep = { kind: 'stage', stage: 2 };
const imported = { kind: 'import', source: 'tar' };

type Way = typeof recordProvenance;

/** What is recorded after `next` comes in one of the two ways to what is there. */
async function after(known: string | Json, way: Way, next: Json): Promise<unknown> {
  let isWritten = false;
  const store = createMemoryObjectStore();
  const text = typeof known === 'string' ? known : JSON.stringify(known);
  if (text !== '') await store.put(key, Buffer.from(text));
  const watched = hookStore(store, {
    async before(call) {
      if (call === 'replace' || call === 'put') isWritten = true;
    },
  });
  await way(watched, image, next);
  const bytes = (await store.head(key)) === null ? 'null' : (await store.get(key)).toString();
  return { is: JSON.parse(bytes) as unknown, isWritten };
}

describe('how an image came to be', () => {
  it.each<[string | Json, Json, Json]>([
    ['', step, step],
    ['', early, early],
    ['damaged', step, step],
    [step, otherStep, otherStep],
    [step, early, early],
    [early, other, other],
    [imported, early, early],
    [early, imported, imported],
  ])('is, of an image that is stored, after %j and %j the latter', async (known, next, is) => {
    expect(await after(known, recordProvenance, next)).toEqual({ is, isWritten: true });
  });

  it.each([early, imported])('is no step when it was a result: %j', async (known) => {
    for (const way of [recordProvenance, renewProvenance])
      for (const next of [step, otherStep])
        expect(await after(known, way, next)).toEqual({ is: known, isWritten: false });
  });

  it.each<[string | Json, Json, Json]>([
    ['', early, early],
    ['damaged', early, early],
    [step, early, early],
    [early, other, other],
  ])('is, of an image that was there, after %j and %j the latter', async (known, next, is) => {
    expect(await after(known, renewProvenance, next)).toEqual({ is, isWritten: true });
  });

  it.each<[string | Json, Json, unknown]>([
    ['', step, null],
    [step, otherStep, step],
    [early, late, early],
    [imported, early, imported],
  ])('is, of an image that was there, after %j and %j what it was', async (known, next, is) => {
    expect(await after(known, renewProvenance, next)).toEqual({ is, isWritten: false });
  });
});
