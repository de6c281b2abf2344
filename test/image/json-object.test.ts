import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/digest/digest.ts';
import { readJsonObject, writeJsonObject } from '../../src/image/json-object.ts';
import { recordProvenance } from '../../src/image/record-provenance.ts';
import { createMemoryObjectStore } from '../../src/store/memory-object-store.ts';
import { imageKey } from '../../src/store/store-paths.ts';
import { failureOf } from '../support/failures.ts';
import { keysOf } from '../support/hooked-store.ts';

const mib = 1024 * 1024;
const key = 'tags/app.json';

describe('a document', () => {
  it('of the largest size is read again, and one byte more is not written', async () => {
    const store = createMemoryObjectStore();
    const around = JSON.stringify({ text: '' }).length + 1;
    const largest = { text: 'x'.repeat(mib - around) };
    await writeJsonObject(store, key, largest);
    expect(await readJsonObject(store, key)).toEqual(largest);
    const failure = await failureOf(writeJsonObject(store, key, { text: `${largest.text}x` }));
    expect(failure).toMatchObject({ code: 'invalid_request', data: { object: key } });
    expect(failure.message).toContain(`${mib + 1} bytes`);
    expect(await readJsonObject(store, key)).toEqual(largest);
  });

  it('of provenance is held to the same size', async () => {
    const store = createMemoryObjectStore();
    const image = digestOf(Buffer.from('an image'));
    const provenance = { kind: 'build', args: { huge: 'x'.repeat(mib) } };
    expect((await failureOf(recordProvenance(store, image, provenance))).code).toBe(
      'invalid_request',
    );
    expect(await keysOf(store, 'images/')).toEqual([]);
    await recordProvenance(store, image, { kind: 'build' });
    expect(await readJsonObject(store, imageKey(image, 'provenance'))).toEqual({ kind: 'build' });
  });
});
