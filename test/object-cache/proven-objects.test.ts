import { expect, it } from 'vitest';
import { createProvenObjects } from '../../src/object-cache/proven-objects.ts';

it('an object is proven for an hour, and as long as nobody writes to it', () => {
  let nowMs = 1_000_000;
  const proven = createProvenObjects(() => nowMs);
  const object = { key: 'blobs/a', modifiedMs: 5 };
  expect(proven.has(object)).toBe(false);
  proven.add(object);
  expect(proven.has(object)).toBe(true);
  expect(proven.has({ ...object, modifiedMs: 6 })).toBe(false);
  nowMs += 3_599_000;
  expect(proven.has(object)).toBe(true);
  nowMs += 2_000;
  expect(proven.has(object)).toBe(false);
  proven.add(object);
  nowMs -= 86_400_000;
  expect(proven.has(object)).toBe(false);
  proven.add(object);
  proven.delete(object.key);
  expect(proven.has(object)).toBe(false);
});
