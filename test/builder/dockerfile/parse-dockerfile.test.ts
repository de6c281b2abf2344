import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../../builder/dockerfile/parse-dockerfile.ts';
import type { ParsedDockerfile } from '../../../builder/dockerfile/parsed-dockerfile.ts';
import type { StageInstruction } from '../../../builder/dockerfile/instruction.ts';

const parse = (text: string): ParsedDockerfile => parseDockerfile(text, { path: 'Dockerfile' });

/** The only instruction of a stage on scratch, without the fields that say where it stands. */
function one(text: string): Omit<StageInstruction, 'range' | 'original'> {
  const instructions = parse(`FROM scratch\n${text}\n`).stages[0]?.instructions ?? [];
  expect(instructions).toHaveLength(1);
  const [instruction] = instructions;
  if (instruction === undefined) throw new Error('no instruction');
  const { range: _range, original: _original, ...fields } = instruction;
  return fields;
}

describe('structure', () => {
  it('separates global arguments and stages, and numbers the lines from 1', () => {
    const parsed = parse(
      [
        '# syntax=docker/dockerfile:1',
        '# a comment',
        'ARG VERSION=1 OTHER',
        '',
        'FROM --platform=linux/amd64 debian:$VERSION AS Build',
        'RUN one && \\',
        '    # inside',
        '    two',
        'FROM scratch',
        'COPY --from=build /a /b',
      ].join('\n'),
    );
    expect(parsed.directives).toMatchObject({ syntax: 'docker/dockerfile:1', escape: '\\' });
    expect(parsed.globalArgs.map(({ declarations }) => declarations)).toEqual([
      [
        { name: 'VERSION', defaultValue: '1' },
        { name: 'OTHER', defaultValue: undefined },
      ],
    ]);
    expect(
      parsed.stages.map(({ index, name, from }) => [index, name, from.base, from.platform]),
    ).toEqual([
      [0, 'build', 'debian:$VERSION', 'linux/amd64'],
      [1, undefined, 'scratch', undefined],
    ]);
    const run = parsed.stages[0]?.instructions[0];
    expect(run).toMatchObject({
      kind: 'run',
      range: { firstLine: 6, lastLine: 8 },
      command: { form: 'shell', command: 'one &&     two' },
      original: 'RUN one && \\\n    # inside\n    two',
    });
  });

  it('takes the backtick for continuation and escapes when the directive says so', () => {
    const parsed = parse('# escape=`\nFROM scratch\nENV A=C:\\ `\n    B=`$x\nRUN dir c:\\\n');
    expect(parsed.directives.escape).toBe('`');
    expect(parsed.stages[0]?.instructions).toMatchObject([
      {
        pairs: [
          { name: 'A', value: 'C:\\' },
          { name: 'B', value: '`$x' },
        ],
      },
      { command: { command: 'dir c:\\' } },
    ]);
  });

  it('knows directives only in the first lines, and reads check', () => {
    const late = parse('# comment\n# escape=`\nFROM scratch\n');
    expect(late.directives.escape).toBe('\\');
    const check = parse(
      '#check=skip=MaintainerDeprecated;error=true\nFROM scratch\nMAINTAINER me\n',
    );
    expect(check.directives.checks.warningsAreErrors).toBe(true);
    expect(check.warnings).toEqual([]);
  });

  it('reads instructions in any letter case, with tabs, a byte order mark and Windows line ends', () => {
    const parsed = parse('\ufefffrom\tscratch\r\n\tenv A=1 \\\r\n  B=2\r\nCmd ["x"]\r\n');
    expect(parsed.stages[0]?.instructions).toMatchObject([
      {
        kind: 'env',
        pairs: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      },
      { kind: 'cmd', command: { form: 'exec', argv: ['x'] } },
    ]);
  });

  it('continues a line over empty lines and comments, and ends one at a doubled escape character', () => {
    const parsed = parse('FROM scratch\nRUN a \\\n\n# no\n b\nRUN c \\\\\nRUN d \\  \ne\n');
    expect(parsed.stages[0]?.instructions).toMatchObject([
      { command: { command: 'a  b' }, range: { firstLine: 2, lastLine: 5 } },
      { command: { command: 'c \\\\' }, range: { firstLine: 6, lastLine: 6 } },
      { command: { command: 'd e' }, range: { firstLine: 7, lastLine: 8 } },
    ]);
    expect(parsed.warnings.map(({ rule, line }) => [rule, line])).toEqual([
      ['NoEmptyContinuation', 2],
    ]);
  });
});

describe('here-documents', () => {
  it.each([
    ['RUN <<EOF\na\nEOF', [{ name: 'EOF', content: 'a\n', expand: true, chomp: false }]],
    ['RUN <<-EOF\n\ta\n\tEOF', [{ name: 'EOF', content: '\ta\n', expand: true, chomp: true }]],
    ['RUN <<"EOF"\na\nEOF', [{ name: 'EOF', content: 'a\n', expand: false, chomp: false }]],
    ["RUN <<E'O'F\nEOF", [{ name: 'EOF', content: '', expand: false, chomp: false }]],
    [
      'RUN cat <<A <<B > x\n1\nA\n2\nB',
      [
        { name: 'A', content: '1\n' },
        { name: 'B', content: '2\n' },
      ],
    ],
    ['RUN 3<<EOF cat\nEOF', [{ name: 'EOF', content: '' }]],
    ['RUN cat << EOF\nx\nEOF', [{ name: 'EOF', content: 'x\n' }]],
    [
      'RUN python3 - <<EOF && \\\n  ls\nprint(1) \\\nEOF',
      [{ name: 'EOF', content: 'print(1) \\\n' }],
    ],
  ])('%j', (text, heredocs) => {
    const [first] = parse(`FROM scratch\n${text}\n`).stages;
    expect(first?.instructions[0]).toMatchObject({ kind: 'run', heredocs });
  });

  it.each([
    'RUN echo "<<EOF"',
    "RUN echo '<<EOF'",
    'RUN ["cat", "<<EOF"]',
    'RUN cat <<<EOF',
    'RUN x=$((1<<2))',
    'CMD cat <<EOF',
    'ENV A=<<EOF',
  ])('%s has none', (text) => {
    const parsed = parse(`FROM scratch\n${text}\nLABEL after=1\n`);
    expect(parsed.stages[0]?.instructions.map(({ kind }) => kind)).toHaveLength(2);
  });

  it('belong to COPY and ADD as sources, in their order', () => {
    expect(one('COPY a <<one <<"two" b/\n1\none\n2\ntwo')).toMatchObject({
      sources: ['a'],
      heredocs: [
        { name: 'one', content: '1\n' },
        { name: 'two', content: '2\n', expand: false },
      ],
      destination: 'b/',
    });
  });

  it('belong to the trigger of ONBUILD and to its expression', () => {
    expect(one('ONBUILD RUN <<-EOF\n\ta\n\tEOF')).toMatchObject({
      expression: 'RUN <<-EOF\n\ta\nEOF',
      trigger: { kind: 'run', heredocs: [{ name: 'EOF', content: '\ta\n' }] },
    });
  });
});

describe('instructions', () => {
  it.each<[string, object]>([
    [
      'RUN apt-get  update',
      { kind: 'run', command: { form: 'shell', command: 'apt-get  update' }, flags: [] },
    ],
    [
      'RUN ["a", "b  c", "\\u00e9\\t\\"\\\\"]',
      { command: { form: 'exec', argv: ['a', 'b  c', 'é\t"\\'] } },
    ],
    ['RUN -- --odd', { command: { command: '--odd' }, flags: [] }],
    [
      'RUN --mount=type=cache,target="/a b" --network=none make',
      { flags: ['--mount=type=cache,target=/a b', '--network=none'], command: { command: 'make' } },
    ],
    ['RUN [ -f /x ] && echo', { command: { form: 'shell', command: '[ -f /x ] && echo' } }],
    ['CMD []', { kind: 'cmd', command: { form: 'exec', argv: [] } }],
    ['ENTRYPOINT ["x"]', { kind: 'entrypoint', command: { form: 'exec', argv: ['x'] } }],
    ['SHELL ["a","-c"]', { kind: 'shell', argv: ['a', '-c'] }],
    [
      'COPY --from=x --chown=1:2 --chmod=755 --link a b c/',
      {
        kind: 'copy',
        from: 'x',
        chown: '1:2',
        chmod: '755',
        link: true,
        sources: ['a', 'b'],
        destination: 'c/',
      },
    ],
    ['COPY --link=false ["a b", "c"]', { link: false, sources: ['a b'], destination: 'c' }],
    ['COPY --exclude=*.md --exclude=x --parents a b', { excludes: ['*.md', 'x'], parents: true }],
    ['COPY ["<<EOF", "x"]', { sources: ['<<EOF'], heredocs: [] }],
    [
      'ADD --keep-git-dir=true --checksum=sha256:1 --unpack=false a b',
      { kind: 'add', keepGitDir: true, checksum: 'sha256:1', unpack: false },
    ],
    ['ADD a b', { keepGitDir: undefined, unpack: undefined, chown: undefined, excludes: [] }],
    [
      'ENV A=1 B="x y=2" C=\'q\' D=a\\ b',
      {
        kind: 'env',
        pairs: [
          { name: 'A', value: '1' },
          { name: 'B', value: '"x y=2"' },
          { name: 'C', value: "'q'" },
          { name: 'D', value: 'a\\ b' },
        ],
      },
    ],
    ['ENV A  one  two', { pairs: [{ name: 'A', value: 'one  two' }] }],
    ['ENV A = 1', { pairs: [{ name: 'A', value: '= 1' }] }],
    ['ENV "A B"=c', { pairs: [{ name: '"A B"', value: 'c' }] }],
    [
      'LABEL a=b "c d"="e"',
      {
        kind: 'label',
        pairs: [
          { name: 'a', value: 'b' },
          { name: '"c d"', value: '"e"' },
        ],
      },
    ],
    [
      'ARG A B= C="x y" D=$A',
      {
        kind: 'arg',
        declarations: [
          { name: 'A', defaultValue: undefined },
          { name: 'B', defaultValue: '' },
          { name: 'C', defaultValue: '"x y"' },
          { name: 'D', defaultValue: '$A' },
        ],
      },
    ],
    ['WORKDIR /a b', { kind: 'workdir', path: '/a b' }],
    ['USER a:b', { kind: 'user', user: 'a:b' }],
    ['EXPOSE 80 53/udp', { kind: 'expose', ports: ['53/udp', '80'] }],
    ['VOLUME /a /b', { kind: 'volume', paths: ['/a', '/b'] }],
    ['VOLUME ["/a b"]', { paths: ['/a b'] }],
    ['STOPSIGNAL SIGINT', { kind: 'stopsignal', signal: 'SIGINT' }],
    ['MAINTAINER A <b@c>', { kind: 'maintainer', name: 'A <b@c>' }],
    ['HEALTHCHECK NONE', { kind: 'healthcheck', healthcheck: { Test: ['NONE'] } }],
    [
      'HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=0 --retries=3 CMD  a  || b',
      { healthcheck: { Test: ['CMD-SHELL', 'a  || b'], Interval: 90e9, Timeout: 5e8, Retries: 3 } },
    ],
    ['HEALTHCHECK CMD ["a", "b c"]', { healthcheck: { Test: ['CMD', 'a', 'b c'] } }],
    [
      'ONBUILD copy . /x',
      { kind: 'onbuild', expression: 'copy . /x', trigger: { kind: 'copy', sources: ['.'] } },
    ],
  ])('%s', (text, expected) => {
    expect(one(text)).toMatchObject(expected);
  });
});

describe('warnings', () => {
  it.each([
    ["FROM scratch\nCMD ['a']", [['MalformedJsonForm', 2]]],
    ['FROM scratch\nRUN [ "a", b ]', [['MalformedJsonForm', 2]]],
    ['FROM scratch\nMAINTAINER me', [['MaintainerDeprecated', 2]]],
    ['FROM scratch\nENV A b', [['LegacyKeyValueFormat', 2]]],
    ['FROM scratch AS Name', [['StageNameCasing', 1]]],
    ['FROM scratch as name', [['FromAsCasing', 1]]],
    ['FROM scratch AS context', [['ReservedStageName', 1]]],
    ['FROM scratch\nCMD ["a"]\nCMD ["b"]', [['MultipleInstructionsDisallowed', 2]]],
    ['FROM scratch\nENV A=1\nenv B=2', [['ConsistentInstructionCasing', 3]]],
    ['FROM scratch\nARG DB_PASSWORD\nENV PUBLIC_KEY=x', [['SecretsUsedInArgOrEnv', 2]]],
    ['FROM scratch\nCMD ["nginx" "-g"]', [['MalformedJsonForm', 2]]],
    ['FROM scratch\nCMD [“a”]', [['MalformedJsonForm', 2]]],
    ['FROM scratch\nRUN [ -f x ] || true', []],
    ['FROM scratch\nRUN [ "$A" = "b" ] || [ "$A" = \'c\' ]', []],
    ['FROM scratch AS one\nCMD ["a"]\nFROM one\nCMD ["b"]', []],
  ])('%j', (text, expected) => {
    expect(parse(text).warnings.map(({ rule, line }) => [rule, line])).toEqual(expected);
  });
});
