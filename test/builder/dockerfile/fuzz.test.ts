import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../../builder/dockerfile/parse-dockerfile.ts';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { evaluateBuild } from './build-config.ts';

const corpus = join(import.meta.dirname, 'corpus');
const texts = readdirSync(corpus)
  .filter((name) => name.endsWith('.Dockerfile'))
  .map((name) => readFileSync(join(corpus, name), 'utf8'));

/** What is put into a file to damage it. */
const pieces = [
  '\\',
  '`',
  '\n',
  '\r\n',
  '\\\n',
  '"',
  "'",
  '$',
  '${',
  '}',
  '${X:-',
  '${X/',
  '[',
  ']',
  '["',
  '",',
  '<<',
  '<<EOF',
  '<<-"A"',
  'EOF',
  '--',
  '--from=',
  '--mount=',
  '=',
  '#',
  '# escape=`\n',
  '\0',
  '\ufeff',
  '\u00a0',
  '\ud800',
  'é',
  ' ',
  '\t',
  'FROM',
  'FROM scratch\n',
  'ONBUILD ',
  'RUN ',
  'COPY ',
  'HEALTHCHECK --interval=',
  'ARG ',
  'EXPOSE 1-65535',
  '{"a":',
  'null',
  '9'.repeat(40),
];

const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.integer({ min: 0, max: 12 }),
  insert: fc.array(fc.constantFrom(...pieces), { maxLength: 3 }),
});

const damaged = fc
  .tuple(fc.constantFrom(...texts), fc.array(mutation, { minLength: 1, maxLength: 6 }))
  .map(([text, mutations]) =>
    mutations.reduce((current, { at, remove, insert }) => {
      const offset = Math.floor(at * current.length);
      return current.slice(0, offset) + insert.join('') + current.slice(offset + remove);
    }, text),
  );

/** `ok`, or the class and code of the error; anything but an AshlarError is thrown on. */
function outcome(call: () => unknown): string {
  try {
    call();
    return 'ok';
  } catch (error) {
    if (error instanceof AshlarError) return `${error.entry.class} ${error.code}`;
    throw error;
  }
}

const allowed = ['ok', 'author dockerfile_parse_error', 'author dockerfile_unsupported'];

describe('damaged Dockerfiles', () => {
  it('parse, or fail with an error for their author that has a line', () => {
    const property = fc.property(damaged, (text) => {
      expect(allowed).toContain(outcome(() => parseDockerfile(text, { path: 'Dockerfile' })));
    });
    fc.assert(property, { numRuns: 4000, interruptAfterTimeLimit: 15_000 });
  });

  it('are planned and evaluated, or fail with an error for their author', () => {
    const property = fc.property(damaged, (text) => {
      expect(allowed).toContain(outcome(() => evaluateBuild(text)));
    });
    fc.assert(property, { numRuns: 3000, interruptAfterTimeLimit: 15_000 });
  });

  it('have instructions whose lines cover the file in order, each line once', () => {
    const property = fc.property(damaged, (text) => {
      if (outcome(() => parseDockerfile(text, { path: 'Dockerfile' })) !== 'ok') return;
      const { globalArgs, stages } = parseDockerfile(text, { path: 'Dockerfile' });
      const found = [
        ...globalArgs,
        ...stages.flatMap(({ from, instructions }) => [from, ...instructions]),
      ];
      const lines = text.replace(/^\ufeff/, '').split('\n');
      let next = 1;
      for (const { range, original } of found) {
        expect(range.firstLine).toBeGreaterThanOrEqual(next);
        expect(original).toBe(lines.slice(range.firstLine - 1, range.lastLine).join('\n'));
        const between = lines.slice(next - 1, range.firstLine - 1);
        expect(
          between.filter((line) => line.trim() !== '' && !line.trim().startsWith('#')),
        ).toEqual([]);
        next = range.lastLine + 1;
      }
      const behind = lines.slice(next - 1);
      expect(behind.filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))).toEqual(
        [],
      );
    });
    fc.assert(property, { numRuns: 2000, interruptAfterTimeLimit: 15_000 });
  });
});

describe('hostile Dockerfiles', () => {
  const size = 300_000;
  it.each<[string, string]>([
    ['one long word', `FROM a\nRUN ${'x'.repeat(size)}`],
    ['many words', `FROM a\nENV A=${'b '.repeat(size / 2)}`],
    ['many pairs', `FROM a\nENV ${'a=b '.repeat(size / 4)}`],
    ['many continuations', `FROM a\nRUN ${'x \\\n'.repeat(size / 4)}y`],
    ['escape characters and blanks', `FROM a\nRUN ${'\\  '.repeat(size / 3)}x`],
    ['stages and comments', 'FROM a\n# c\n'.repeat(2400)],
    ['here-documents', `FROM a\n${'RUN <<E\nx\nE\n'.repeat(4900)}`],
    ['here-documents of one line', `FROM a\nRUN ${'<<E '.repeat(20_000)}\n${'E\n'.repeat(20_000)}`],
    ['here-documents without ends', `FROM a\n${'RUN <<E\n'.repeat(30_000)}`],
    ['flags', `FROM a\nRUN ${'--mount=a '.repeat(size / 10)}`],
    ['an open list', `FROM a\nCMD ${'['.repeat(size)}`],
    ['nested lists', `FROM a\nCMD ${'['.repeat(size / 2)}${']'.repeat(size / 2)}`],
    ['nested triggers', `FROM a\n${'ONBUILD '.repeat(size / 8)}`],
    [
      'stages that build on each other',
      Array.from({ length: 2400 }, (_, i) => `FROM s${i - 1} AS s${i}\n`).join(''),
    ],
    ['all ports, again and again', `FROM a\n${'EXPOSE 1-65535\n'.repeat(50)}`],
    ['problems', 'NOPE\n'.repeat(size / 5)],
    ['directives', '# escape=\\\n'.repeat(size / 11)],
    ['empty lines', `FROM a\nRUN x \\\n${'\n'.repeat(size)}`],
    ['quotes', `FROM a\nLABEL a=${'"x"'.repeat(size / 3)}`],
    ['substitutions', `FROM a\nENV A=${'${B:-'.repeat(size / 5)}`],
  ])('%s take seconds of a processor at most', (_name, text) => {
    const before = process.cpuUsage();
    expect(allowed).toContain(outcome(() => evaluateBuild(text)));
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(8);
  });
});
