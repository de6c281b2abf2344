import { DockerfileParser, type Copy, type Env, type JSONInstruction } from 'dockerfile-ast';
import { describe, expect, it } from 'vitest';
import type { StageInstruction } from '../../../builder/dockerfile/instruction.ts';
import { parseDockerfile } from '../../../builder/dockerfile/parse-dockerfile.ts';
import { evaluateBuild } from './build-config.ts';

/**
 * Each fault of dockerfile-ast 0.7.1 that the parser is kept free of: what the package says, and what is right. When
 * a newer version mends one, its half of the test fails and can go.
 */
function ours(text: string): readonly StageInstruction[] {
  return parseDockerfile(text, { path: 'Dockerfile' }).stages[0]?.instructions ?? [];
}

function heredocsOf(instruction: unknown): { getDelimiterRange(): unknown }[] {
  return (instruction as { getHeredocs(): { getDelimiterRange(): unknown }[] }).getHeredocs();
}

const theirs = (
  text: string,
): ReturnType<ReturnType<typeof DockerfileParser.parse>['getInstructions']> =>
  DockerfileParser.parse(text).getInstructions();

describe('what dockerfile-ast gets wrong', () => {
  it('white space and escapes in a JSON list', () => {
    const text = 'FROM a\nCMD ["x","p 2","\\t"]\n';
    const strings = (theirs(text)[1] as unknown as JSONInstruction).getJSONStrings();
    expect(strings.map((string) => string.getValue())).not.toEqual(['"x"', '"p 2"', '"\t"']);
    expect(ours(text)).toMatchObject([{ command: { form: 'exec', argv: ['x', 'p 2', '\t'] } }]);
  });

  it('a here-document whose last line ends in a backslash', () => {
    const text = 'FROM a\nRUN <<EOF\nls \\\nEOF\nUSER b\n';
    expect(heredocsOf(theirs(text)[1])[0]?.getDelimiterRange()).toBeNull();
    expect(ours(text)).toMatchObject([
      { kind: 'run', heredocs: [{ content: 'ls \\\n' }] },
      { kind: 'user' },
    ]);
  });

  it.each([
    ['RUN cat << EOF\nUSER x\nEOF', ['FROM', 'RUN', 'USER', 'EOF']],
    ['RUN cat 3<<EOF\nUSER x\nEOF', ['FROM', 'RUN', 'USER', 'EOF']],
    ['RUN <<-A cat <<B\n\tA\n\tB\nB', ['FROM', 'RUN', 'B']],
  ])('where the here-document of %j ends', (text, keywords) => {
    expect(theirs(`FROM a\n${text}\n`).map((found) => found.getKeyword())).toEqual(keywords);
    expect(ours(`FROM a\n${text}\n`).map(({ kind }) => kind)).toEqual(['run']);
  });

  it('a here-document without an end raises nothing there', () => {
    const text = 'FROM a\nRUN <<EOF\nls\n';
    expect(theirs(text)).toHaveLength(2);
    expect(() => ours(text)).toThrow(/does not end/);
  });

  it('quotes and escapes of ENV values', () => {
    const text = 'FROM scratch\nENV X=x\nENV A=\'$X\' B="$X" C=\\$X\n';
    const properties = (theirs(text)[2] as unknown as Env).getProperties();
    expect(properties.map((property) => property.getValue())).toEqual(['$X', '$X', '$X']);
    expect(evaluateBuild(text).config.config.Env).toEqual(
      expect.arrayContaining(['A=$X', 'B=x', 'C=$X']),
    );
  });

  it('flags with white space in quotes', () => {
    const text = 'FROM a\nCOPY --chown="a b" c d\n';
    const copy = theirs(text)[1] as unknown as Copy;
    expect(copy.getFlags().map((flag) => flag.getValue())).not.toEqual(['a b']);
    expect(ours(text)).toMatchObject([{ chown: 'a b', sources: ['c'], destination: 'd' }]);
  });

  it('a line that ends in two escape characters', () => {
    const text = 'FROM a\nRUN c \\\\\nUSER b\n';
    expect(theirs(text)).toHaveLength(2);
    expect(ours(text)).toMatchObject([{ command: { command: 'c \\\\' } }, { kind: 'user' }]);
  });

  it('variables are not expanded there', () => {
    const text = 'FROM scratch\nENV A=abc\nENV B=${A#a} C=${X:-d} D=${A/b/-}\n';
    expect(evaluateBuild(text).config.config.Env).toEqual(
      expect.arrayContaining(['B=bc', 'C=d', 'D=a-c']),
    );
  });
});
