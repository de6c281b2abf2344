import { describe, expect, it } from 'vitest';
import { defaultPath } from '../../../builder/dockerfile/image-config.ts';
import { runStep, withBase } from './build-config.ts';
import { failure } from './failure.ts';

describe('RUN', () => {
  it('runs in the shell with the environment, user and directory of the stage', () => {
    expect(
      runStep('FROM scratch\nENV A=1\nARG B=2\nUSER me\nWORKDIR /w\nRUN echo  $A ${B}', {
        buildArgs: { B: '3' },
      }),
    ).toMatchObject({
      argv: ['/bin/sh', '-c', 'echo  $A ${B}'],
      env: { PATH: defaultPath, A: '1', B: '3' },
      user: 'me',
      workdir: '/w',
      inlineFiles: [],
      range: { firstLine: 6, lastLine: 6 },
    });
  });

  it('in exec form runs as it is, and in shell form in the SHELL of the stage or base', () => {
    expect(runStep('FROM scratch\nRUN ["a", "$HOME  b"]').argv).toEqual(['a', '$HOME  b']);
    expect(runStep('FROM scratch\nSHELL ["bash","-ec"]\nRUN a').argv).toEqual(['bash', '-ec', 'a']);
    expect(runStep('FROM img\nRUN a', withBase({ Shell: ['ash', '-c'] })).argv).toEqual([
      'ash',
      '-c',
      'a',
    ]);
  });

  it('has / for a directory and root for a user where the base says nothing', () => {
    expect(runStep('FROM img\nRUN a', withBase({}))).toMatchObject({
      user: '',
      workdir: '/',
      env: { PATH: defaultPath },
    });
  });

  it('keeps the PATH of the base', () => {
    expect(runStep('FROM img\nRUN a', withBase({ Env: ['PATH=/x', 'A'] })).env).toEqual({
      PATH: '/x',
      A: '',
    });
  });

  it.each<[string, string, readonly object[]]>([
    ['RUN <<EOF\nls $A\n  pwd\nEOF', 'ls $A\n  pwd\n', []],
    ['RUN <<-EOF\n\tls\n\t\tpwd\n\tEOF', 'ls\npwd\n', []],
    ['RUN <<"EOF"\necho $A\nEOF', 'echo $A\n', []],
    ['RUN cat <<EOF > /x\nhello\nEOF', 'cat <<EOF > /x\nhello\nEOF', []],
    [
      'RUN cat <<-EOF <<"TWO"\n\thello\n\tEOF\n2\nTWO',
      'cat <<-EOF <<"TWO"\n\thello\nEOF\n2\nTWO',
      [],
    ],
    ['RUN <<EOF cat\nhello\nEOF', '<<EOF cat\nhello\nEOF', []],
    [
      'RUN <<EOF\n#!/usr/bin/python3\nprint(1)\nEOF',
      '/dev/pipes/EOF',
      [{ path: '/dev/pipes/EOF', mode: 0o755, content: '#!/usr/bin/python3\nprint(1)\n' }],
    ],
  ])('%j gives the shell %j', (text, command, inlineFiles) => {
    const step = runStep(`FROM scratch\n${text}\n`);
    expect(step.argv).toEqual(['/bin/sh', '-c', command]);
    expect(step.inlineFiles).toEqual(inlineFiles);
  });

  it('does not put a script outside of its directory', () => {
    const text = 'FROM scratch\nRUN <<../../etc/x\n#!/bin/sh\n../../etc/x\n';
    expect(failure(() => runStep(text)).message).toMatch(/cannot be the name of a script/);
  });

  it('sees proxies of build arguments in both cases, unless the file sets them', () => {
    const buildArgs = { HTTP_PROXY: 'http://p', no_proxy: 'local' };
    expect(runStep('FROM scratch\nENV http_proxy=mine\nRUN a', { buildArgs }).env).toMatchObject({
      HTTP_PROXY: 'http://p',
      http_proxy: 'mine',
      NO_PROXY: 'local',
      no_proxy: 'local',
    });
  });
});

function cacheText(dockerfile: string, buildArgs: Record<string, string> = {}): string {
  return runStep(`FROM scratch\n${dockerfile}`, { buildArgs }).cacheText;
}

describe('the cache text of RUN', () => {
  it('changes with the command, the arguments, the user, the directory, the shell and inline scripts', () => {
    const texts = [
      cacheText('RUN a'),
      cacheText('RUN b'),
      cacheText('RUN ["a"]'),
      cacheText('ARG X=1\nRUN a'),
      cacheText('ARG X=2\nRUN a'),
      cacheText('ARG Y=1\nRUN a'),
      cacheText('USER x\nRUN a'),
      cacheText('WORKDIR /x\nRUN a'),
      cacheText('SHELL ["x"]\nRUN a'),
      cacheText('RUN <<EOF\n#!a\n1\nEOF'),
      cacheText('RUN <<EOF\n#!a\n2\nEOF'),
      cacheText('ARG HTTP_PROXY\nRUN a', { HTTP_PROXY: '1' }),
      cacheText('ARG HTTP_PROXY\nRUN a', { HTTP_PROXY: '2' }),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('does not change with undeclared arguments and proxies, ARGs without a value or hidden by ENV, and layout', () => {
    const plain = cacheText('RUN a b');
    expect(cacheText('RUN a b', { HTTP_PROXY: '1', https_proxy: '2', NOPE: '3' })).toBe(plain);
    expect(cacheText('ARG X\nRUN a b')).toBe(plain);
    expect(cacheText('ARG X=1\nENV X=2\nRUN a b')).toBe(plain);
    expect(cacheText('# comment\n\nRUN a \\\nb')).toBe(plain);
    expect(cacheText('ARG X=1\nARG Y=2\nRUN a')).toBe(cacheText('ARG Y=2 X=1\nRUN a'));
  });
});
