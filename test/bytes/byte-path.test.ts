import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBytes, fromUtf8, isAscii, toBytes, toDisplay } from '../../src/bytes/byte-path.ts';

const bytePaths = fc.uint8Array({ maxLength: 40 }).map((bytes) => fromBytes(Buffer.from(bytes)));

describe('byte paths', () => {
  it('keep every byte', () => {
    fc.assert(
      fc.property(bytePaths, (path) => {
        expect(fromBytes(toBytes(path))).toBe(path);
      }),
    );
  });

  it('compare as bytes do', () => {
    fc.assert(
      fc.property(bytePaths, bytePaths, (left, right) => {
        expect(left < right).toBe(Buffer.compare(toBytes(left), toBytes(right)) < 0);
      }),
    );
  });

  it('take text as UTF-8', () => {
    expect(fromUtf8('é€')).toBe('\xc3\xa9\xe2\x82\xac');
    expect(isAscii(fromUtf8('plain'))).toBe(true);
    expect(isAscii(fromUtf8('é'))).toBe(false);
  });
});

describe('the display of a path', () => {
  it.for([
    ['usr/bin/env', 'usr/bin/env'],
    [fromUtf8('café/日本/😀'), 'café/日本/😀'],
    ['caf\xe9', 'caf\\xe9'],
    ['a\nb\x1b[31m\x7f', 'a\\x0ab\\x1b[31m\\x7f'],
    ['back\\x2dslash', 'back\\\\x2dslash'],
    [
      fromUtf8('\u0085\u202e\u200b\ufeff\u2028\ue000'),
      '\\xc2\\x85\\xe2\\x80\\xae\\xe2\\x80\\x8b\\xef\\xbb\\xbf\\xe2\\x80\\xa8\\xee\\x80\\x80',
    ],
    ['\xc0\xaf', '\\xc0\\xaf'],
    ['\xed\xa0\x80', '\\xed\\xa0\\x80'],
    ['\xf4\x90\x80\x80', '\\xf4\\x90\\x80\\x80'],
    ['\xe2\x82', '\\xe2\\x82'],
  ] as const)('%j', ([path, display]) => {
    expect(toDisplay(path)).toBe(display);
  });

  it('is one line of printable text that differs for different paths', () => {
    fc.assert(
      fc.property(bytePaths, bytePaths, (left, right) => {
        expect(toDisplay(left)).not.toMatch(/\p{C}|\p{Zl}|\p{Zp}/u);
        expect(toDisplay(left) === toDisplay(right)).toBe(left === right);
      }),
    );
  });
});
