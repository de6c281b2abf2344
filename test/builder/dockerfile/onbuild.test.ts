import { describe, expect, it } from 'vitest';
import type { ImageConfig } from '../../../builder/dockerfile/image-config.ts';
import { amd64, evaluateBuild } from './build-config.ts';
import { failure } from './failure.ts';

const withTriggers = (...OnBuild: string[]): { bases: Record<string, ImageConfig> } => ({
  bases: { 'node:onbuild': { ...amd64, config: { Env: ['A=base'], OnBuild } } },
});

describe('triggers of a base image', () => {
  it('run before the stage, see the base, and are gone afterwards', () => {
    const { config, steps } = evaluateBuild(
      'FROM node:onbuild\nENV C=$B',
      withTriggers('ENV B=$A-triggered', 'COPY . /src', 'RUN make'),
    );
    expect(steps.map(({ kind }) => kind)).toEqual(['config', 'copy', 'run', 'config']);
    expect(steps[1]?.range).toEqual({ firstLine: 1, lastLine: 1 });
    expect(steps[1]?.original).toBe('COPY . /src');
    expect(config.config.Env).toEqual(
      expect.arrayContaining(['B=base-triggered', 'C=base-triggered']),
    );
    expect(config.config).not.toHaveProperty('OnBuild');
  });

  it('can have here-documents and come from a stage of the same file', () => {
    const { steps } = evaluateBuild(
      'FROM scratch AS base\nONBUILD RUN <<EOF\nls\nEOF\nFROM base\n',
    );
    expect(steps[0]).toMatchObject({ kind: 'run', argv: ['/bin/sh', '-c', 'ls\n'] });
  });

  it('can copy from an earlier stage of the file that they run in', () => {
    const text = 'FROM scratch AS build\nFROM node:onbuild\n';
    const { steps } = evaluateBuild(
      text,
      withTriggers('COPY --from=build /a /b', 'COPY --from=busybox /c /d'),
    );
    expect(steps).toMatchObject([
      { from: { kind: 'stage', index: 0 } },
      { from: { kind: 'image', reference: 'busybox' } },
    ]);
  });

  it.each([
    [
      'RUNN make',
      /ONBUILD trigger 1 of node:onbuild: unknown instruction RUNN/,
      'dockerfile_parse_error',
    ],
    ['FROM x', /trigger 1 of node:onbuild: FROM cannot be a trigger/, 'dockerfile_parse_error'],
    ['RUN a\nRUN b', /it is not one instruction/, 'dockerfile_parse_error'],
    ['RUN <<EOF\nls', /it is not one instruction/, 'dockerfile_parse_error'],
    ['', /it is not one instruction/, 'dockerfile_parse_error'],
    [
      'RUN --mount=type=ssh a',
      /trigger of node:onbuild: RUN --mount is not supported/,
      'dockerfile_unsupported',
    ],
    ['COPY --from=0 a b', /--from=0 names no stage before this one/, 'dockerfile_parse_error'],
  ])('%j is refused with the name of the base', (trigger, message, code) => {
    const error = failure(() => evaluateBuild('# c\nFROM node:onbuild', withTriggers(trigger)));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.data['line']).toBe(2);
  });
});
