import { expect, it } from 'vitest';
import { defaultFetchSettings } from '../../../mirror/fetch-context.ts';
import { createKnownDocuments } from '../../../src/pull-through/documents/known-documents.ts';

interface Text {
  readonly checkedAtMs: number;
  readonly text: string;
}

it('what is remembered is counted in bytes, also when it is renewed', () => {
  const waiting = { nowMs: Date.now, sleep: async () => {}, random: Math.random };
  const known = createKnownDocuments<string, Text>({ settings: defaultFetchSettings, waiting }, {
    sizeBytes: ({ text }) => text.length,
  } as Parameters<typeof createKnownDocuments<string, Text>>[1]);
  const mebibyte = 'x'.repeat(1024 ** 2);
  const keys = Array.from({ length: 40 }, (_, number) => `key ${number}`);
  for (const key of keys) known.set(key, { checkedAtMs: 0, text: mebibyte });
  expect(keys.filter((key) => known.get(key) !== null)).toHaveLength(32);
  const [, last = ''] = keys.toReversed();
  known.set(last, { checkedAtMs: 1, text: mebibyte.repeat(17) });
  expect(keys.filter((key) => known.get(key) !== null)).toHaveLength(16);
});
