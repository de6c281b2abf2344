import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../../builder/dockerfile/image-config.ts';
import { amd64, evaluateBuild, lastStep, withBase } from './build-config.ts';
import { failure } from './failure.ts';

function config(text: string, request?: Parameters<typeof evaluateBuild>[1]): RunConfig {
  return evaluateBuild(text, request).config.config;
}

/** Rule and line of each warning. */
function rules(text: string): (string | number)[][] {
  return evaluateBuild(text).warnings.map(({ rule, line }) => [rule, line]);
}

describe('config', () => {
  it('ENTRYPOINT takes the CMD of the base away, but not one of its own stage', () => {
    const inherited = withBase({ Cmd: ['base'], Entrypoint: ['base-entry'] });
    expect(config('FROM img\nENTRYPOINT ["e"]', inherited)).toMatchObject({ Entrypoint: ['e'] });
    expect(config('FROM img\nENTRYPOINT ["e"]', inherited)).not.toHaveProperty('Cmd');
    expect(config('FROM img\nCMD ["c"]\nENTRYPOINT ["e"]', inherited)).toMatchObject({
      Cmd: ['c'],
      Entrypoint: ['e'],
    });
    expect(config('FROM img\nCMD ["c"]', inherited)).toMatchObject({
      Cmd: ['c'],
      Entrypoint: ['base-entry'],
    });
    expect(config('FROM img\nENTRYPOINT []', inherited)).not.toHaveProperty('Entrypoint');
  });

  it('keeps what the base has, and its platform and author', () => {
    const found = evaluateBuild('FROM img\nLABEL b=2\nEXPOSE 2\nVOLUME /b', {
      bases: {
        img: {
          ...amd64,
          variant: 'v1',
          author: 'me',
          config: {
            Labels: { a: '1' },
            ExposedPorts: { '1/tcp': {} },
            Volumes: { '/a': {} },
            StopSignal: 'SIGINT',
            Healthcheck: { Test: ['NONE'] },
          },
        },
      },
    });
    expect(found.config).toMatchObject({
      architecture: 'amd64',
      os: 'linux',
      variant: 'v1',
      author: 'me',
    });
    expect(found.config.config).toMatchObject({
      Labels: { a: '1', b: '2' },
      ExposedPorts: { '1/tcp': {}, '2/tcp': {} },
      Volumes: { '/a': {}, '/b': {} },
      StopSignal: 'SIGINT',
      Healthcheck: { Test: ['NONE'] },
    });
  });

  it('WORKDIR is a step of its own that knows who owns a new directory', () => {
    expect(lastStep('FROM scratch\nUSER me\nWORKDIR /a\nWORKDIR b/')).toMatchObject({
      kind: 'workdir',
      path: '/a/b',
      owner: 'me',
    });
    expect(config('FROM img\nWORKDIR x', withBase({ WorkingDir: '/base' })).WorkingDir).toBe(
      '/base/x',
    );
  });

  it('labels may have the names of things that every object has', () => {
    const { Labels } = config('FROM scratch\nLABEL __proto__=p constructor=c');
    expect(Object.entries(Labels ?? {})).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
    ]);
  });

  it.each([
    ['80 443/TCP', ['80/tcp', '443/tcp']],
    ['3-5/udp', ['3/udp', '4/udp', '5/udp']],
    ['127.0.0.1:8080:80 1:2', ['80/tcp', '2/tcp']],
  ])('EXPOSE %s', (ports, expected) => {
    expect(Object.keys(config(`FROM scratch\nEXPOSE ${ports}`).ExposedPorts ?? {}).sort()).toEqual(
      expected.sort(),
    );
  });

  it.each(['x', '70000', '5-3', '80/xyz', '/tcp', '-1', '1-2-3'])(
    'EXPOSE %s is refused',
    (port) => {
      expect(failure(() => config(`FROM scratch\nEXPOSE ${port}`)).code).toBe(
        'dockerfile_parse_error',
      );
    },
  );

  it.each(['SIGTERM', 'term', '9', 'SIGRTMIN+3', 'rtmax-1'])('STOPSIGNAL %s is one', (signal) => {
    expect(config(`FROM scratch\nSTOPSIGNAL ${signal}`).StopSignal).toBe(signal);
  });

  it.each(['SIGX', '0', 'SIGRTMIN+16', 'x9'])('STOPSIGNAL %s is refused', (signal) => {
    expect(failure(() => config(`FROM scratch\nSTOPSIGNAL ${signal}`)).code).toBe(
      'dockerfile_parse_error',
    );
  });
});

describe('warnings of evaluation', () => {
  it.each([
    ['FROM scratch\nCMD a', [['JSONArgsRecommended', 2]]],
    ['FROM scratch\nSHELL ["a"]\nENTRYPOINT a', []],
    ['FROM scratch\nLABEL a=$NOPE', [['UndefinedVar', 2]]],
    ['FROM scratch\nARG DECLARED\nLABEL a=$DECLARED${X:-$PATH}', [['UndefinedVar', 3]]],
    ['FROM scratch\nWORKDIR a\nWORKDIR b', [['WorkdirRelativePath', 2]]],
    ['FROM scratch\nWORKDIR /a\nWORKDIR b', []],
    [
      'FROM scratch\nEXPOSE 80/TCP 1:2',
      [
        ['ExposeProtoCasing', 2],
        ['ExposeInvalidFormat', 2],
      ],
    ],
    ['# check=skip=UndefinedVar\nFROM scratch\nLABEL a=$NOPE', []],
  ])('%j', (text, expected) => {
    expect(new Set(rules(text))).toEqual(new Set(expected));
  });

  it('guess what was meant', () => {
    const text = 'FROM scratch\nENV VERSION=1\nLABEL a=$VERSON';
    expect(evaluateBuild(text).warnings[0]?.message).toMatch(
      /\$VERSON is not defined \(did you mean \$VERSION\?\)/,
    );
  });

  it('are errors when the file asks for it', () => {
    const text = '# check=error=true\nFROM scratch\nCMD a';
    expect(failure(() => evaluateBuild(text)).message).toMatch(/JSONArgsRecommended/);
    expect(failure(() => evaluateBuild('# check=error=true\nFROM scratch AS A')).message).toMatch(
      /Dockerfile:2: StageNameCasing/,
    );
  });
});
