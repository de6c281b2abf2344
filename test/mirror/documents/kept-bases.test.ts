import { expect, it } from 'vitest';
import { createKeptBases } from '../../../mirror/documents/kept-bases.ts';

it('places are given to those who come first, and up again when nobody uses them', () => {
  let nowMs = 1_000;
  const bases = createKeptBases(() => nowMs);
  const base = (number: number): string => `http://host${number}.test`;
  const kept = Array.from({ length: 100 }, (_, number) => bases.admit(base(number)));
  expect(kept.filter(Boolean)).toHaveLength(32);
  expect(bases.admit(base(0))).toBe(true);
  expect(bases.admit(`${base(0)}/-/via/https/registry.npm.test`)).toBe(true);
  nowMs += 3_000_000;
  expect(bases.admit(base(1))).toBe(true);
  expect(bases.admit(base(99))).toBe(false);
  nowMs += 1_000_000;
  const others = Array.from({ length: 100 }, (_, number) => bases.admit(base(100 + number)));
  // All but the one that was used in between.
  expect(others.filter(Boolean)).toHaveLength(31);
  expect(bases.admit(base(1))).toBe(true);
});
