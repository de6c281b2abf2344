import { describe, expect, it } from 'vitest';
import { collectBuildArg, readBuildArgs } from '../../src/cli/build-args.ts';

describe('--build-arg', () => {
  it('gives a value, or the one that the environment has for a name alone', () => {
    const given = ['A=1', 'B', 'C=', 'D=x=y', 'E', 'A=2', '__proto__=p'];
    expect(readBuildArgs(given, { B: 'outside', C: 'outside' })).toEqual({
      values: Object.fromEntries([
        ['A', '2'],
        ['B', 'outside'],
        ['C', ''],
        ['D', 'x=y'],
        ['__proto__', 'p'],
      ]),
      unset: ['E'],
    });
  });

  it('takes names that an ARG can have', () => {
    expect(collectBuildArg('B', collectBuildArg('A=1'))).toEqual(['A=1', 'B']);
    for (const text of ['', '=x', '1A=x', 'A-B', 'A B=c'])
      expect(() => collectBuildArg(text)).toThrow(/write NAME=VALUE/);
  });
});
