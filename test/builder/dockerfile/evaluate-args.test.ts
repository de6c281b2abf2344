import { describe, expect, it } from 'vitest';
import { evaluateBuild, runStep } from './build-config.ts';
import { failure } from './failure.ts';

/** The environment of the image behind PATH. */
function env(text: string, buildArgs: Record<string, string> = {}): readonly string[] {
  return evaluateBuild(text, { buildArgs }).config.config.Env?.slice(1) ?? [];
}

describe('ARG and ENV', () => {
  it('global arguments are seen in a stage only when it declares them', () => {
    const text = 'ARG G=g\nFROM scratch\nENV A=${G:-none}\nARG G\nENV B=$G\nARG G=own\nENV C=$G';
    expect(env(text)).toEqual(['A=none', 'B=g', 'C=own']);
    expect(env(text, { G: 'given' })).toEqual(['A=none', 'B=given', 'C=given']);
  });

  it('a stage based on another inherits its ARGs and ENV, others do not', () => {
    const text =
      'FROM scratch AS a\nARG X=1\nENV E=2\nFROM a\nENV A=$X$E\nFROM scratch\nENV A=[$X$E]';
    expect(env(text.replace(/\nFROM scratch\nENV.*$/, ''))).toEqual(['E=2', 'A=12']);
    expect(env(text)).toEqual(['A=[]']);
  });

  it('of ARG and ENV of one name the later counts, and ARG is not kept in the image', () => {
    expect(env('FROM scratch\nARG A=arg\nENV A=env\nENV B=$A')).toEqual(['A=env', 'B=env']);
    expect(env('FROM scratch\nENV A=env\nARG A=arg\nENV B=$A')).toEqual(['A=env', 'B=arg']);
    expect(env('FROM scratch\nENV A=env\nARG A\nENV B=$A')).toEqual(['A=env', 'B=env']);
    expect(runStep('FROM scratch\nENV A=env\nARG A=arg\nRUN x').env['A']).toBe('arg');
  });

  it('platform arguments are there once they are declared', () => {
    expect(env('FROM scratch\nENV A=[$TARGETARCH]\nARG TARGETARCH\nENV B=$TARGETARCH')).toEqual([
      'A=[]',
      'B=amd64',
    ]);
  });

  it('ARG leaves no trace, and a default sees the names before it on the line', () => {
    const { steps, config } = evaluateBuild('FROM scratch\nARG A=1 B=$A C="$B 2"\nENV D=$C');
    expect(steps.map((step) => step.kind === 'config' && step.changesConfig)).toEqual([
      false,
      true,
    ]);
    expect(config.config.Env?.at(-1)).toBe('D=1 2');
    expect(failure(() => env('FROM scratch\nARG A=${B:?no}')).message).toMatch(/B: no/);
    expect(env('FROM scratch\nARG A=${B:?no}\nENV C=$A', { A: 'given' })).toEqual(['C=given']);
  });

  it('an environment that no process could get is refused', () => {
    const long = `FROM scratch\nENV A=${'x'.repeat(140_000)}`;
    expect(failure(() => env(long)).message).toMatch(/a variable can have 131071/);
    const lines = Array.from({ length: 30 }, (_, index) => `ENV A${index}=$A`).join('\n');
    expect(
      failure(() => env(`FROM scratch\nENV A=${'x'.repeat(100_000)}\n${lines}`)).message,
    ).toMatch(/the environment has become/);
    expect(failure(() => env('FROM scratch\nENV $X=1')).message).toMatch(/ENV has an empty name/);
  });

  it('labels that double themselves without end are refused', () => {
    const lines = Array.from({ length: 400 }, (_, index) => `LABEL a${index}=$A`).join('\n');
    const text = `FROM scratch\nENV A=${'x'.repeat(100_000)}\n${lines}`;
    expect(failure(() => env(text)).message).toMatch(/replaced by has become more than/);
  });
});
