import type { BytePath } from '../../../src/bytes/byte-path.ts';

/**
 * Forty names of 255 bytes, each with the major hash 0x5a5a5a5a under the seed of the layout (`directoryHashSeed`): found
 * by trying 9.6e10 names. A directory block takes fifteen of them.
 */
export const collidingNames: readonly BytePath[] = [
  'aaag0XGK',
  'aaaC7N8B',
  'aabRQnYt',
  'aahxIQVY',
  'aamu9q2J',
  'aaoRaZJW',
  'aao5yguy',
  'aavhBtAk',
  'aaxnj4Lt',
  'aaAP-WE0',
  'aaBpHJAO',
  'aaGqVnor',
  'aaIDIhmj',
  'aaJf7tXh',
  'aaLhzPx6',
  'aaLjV8Lk',
  'aaLCfzC4',
  'aaMc0K27',
  'aaNvsjYQ',
  'aaOnWkM6',
  'aaPx0Xqp',
  'aaQy4YXJ',
  'aaWIoIzv',
  'aa0ETp62',
  'aa1x9r5x',
  'aa2E3SLt',
  'aa2RiBmQ',
  'aa8cJCWv',
  'abbeYBz7',
  'abdZgyw8',
  'abe-TsP0',
  'abgCnIXw',
  'abhFFN8b',
  'abjjl_wV',
  'ablR1EnL',
  'abqpm7-T',
  'absTD5Nz',
  'abxjHBTq',
  'abyoLE0O',
  'abzQ6C5f',
].map((tail) => {
  const [start, end] = [tail.slice(0, 4), tail.slice(4)];
  return `names-of-one-hash-${'x'.repeat(206)}${start}${'x'.repeat(12)}${end}${'x'.repeat(11)}`;
});

export const collidingHash = 0x5a5a5a5a;
