import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandWord, WordFault } from '../../../builder/dockerfile/expand-words.ts';
import { runCommand } from '../../../src/process/run-command.ts';

/** Characters that mean nothing to the shell or to Docker outside of the forms made here. */
const plain = fc.string({
  unit: fc.constantFrom('a', 'b', 'c', '.', '-', '_', '/', 'é'),
  maxLength: 5,
});
/** Values that patterns are matched with: dash takes a byte for a character. */
const value = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', '/'), maxLength: 6 });
/** Docker's patterns know no brackets, so none are made. */
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 4 });
const name = fc.constantFrom('A', 'B', 'EMPTY', 'UNSET');

const { word } = fc.letrec<{ word: string; part: string }>((tie) => ({
  word: fc.array(tie('part'), { maxLength: 4 }).map((parts) => parts.join('')),
  part: fc.oneof(
    { maxDepth: 3 },
    plain,
    name.map((variable) => `\${${variable}}`),
    fc.tuple(name, plain).map(([variable, rest]) => `$${variable}.${rest}`),
    plain.map((text) => `'${text}$A'`),
    fc
      .tuple(name, fc.constantFrom(':-', '-', ':+', '+'), tie('word'))
      .map(([variable, operator, nested]) => `\${${variable}${operator}${nested}}`),
    fc
      .tuple(name, fc.constantFrom('#', '##', '%', '%%'), pattern)
      .map(([variable, operator, glob]) => `\${${variable}${operator}${glob}}`),
    fc.constant('\\$A'),
    fc.constant('\\\\'),
  ),
}));

interface Case {
  readonly words: readonly string[];
  readonly a: string;
  readonly b: string;
}

/** What the shell makes of each word; words that it would cut are joined by IFS being empty. */
async function askShell(shell: string, { words, a, b }: Case): Promise<string[]> {
  const script = words.map((text) => `printf '%s\\n' x${text}`).join('\n');
  const { exitCode, stdout, stderr } = await runCommand(shell, ['-f'], {
    input: `IFS=\n${script}\n`,
    env: { A: a, B: b, EMPTY: '', LC_ALL: 'C.UTF-8' },
    timeoutMs: 20_000,
  });
  expect({ script, stderr: stderr.toString() }).toEqual({ script, stderr: '' });
  expect(exitCode).toBe(0);
  return stdout.toString().split('\n').slice(0, -1);
}

async function installed(shell: string): Promise<boolean> {
  try {
    return (await runCommand(shell, ['-c', 'exit 0'])).exitCode === 0;
  } catch {
    return false;
  }
}

describe.each(['dash', 'bash'])('expandWord against %s', (shell) => {
  it('agrees on variables, defaults, alternatives, prefixes, suffixes and quotes', async (context) => {
    if (!(await installed(shell))) context.skip(`${shell} is not installed`);
    const cases = fc.record({
      words: fc.array(word, { minLength: 20, maxLength: 20 }),
      a: value,
      b: value,
    });
    const property = fc.asyncProperty(cases, async (sample) => {
      const values = new Map([
        ['A', sample.a],
        ['B', sample.b],
        ['EMPTY', ''],
      ]);
      const mine = sample.words.map(
        (text) => expandWord(`x${text}`, { escape: '\\', lookup: (key) => values.get(key) }).text,
      );
      expect(mine).toEqual(await askShell(shell, sample));
    });
    await fc.assert(property, { numRuns: 40, interruptAfterTimeLimit: 10_000 });
  });
});

describe('expandWord', () => {
  it('gives a text or a WordFault for any word', () => {
    const unit = fc.constantFrom(...'${}:-+?#%/*\\`"\'A <'.split(''));
    const noise = fc.string({ unit, maxLength: 24 });
    const escapes = fc.constantFrom('\\' as const, '`' as const);
    const property = fc.property(noise, escapes, (text, escape) => {
      expect(['text', 'fault']).toContain(outcome(text, escape));
    });
    fc.assert(property, { numRuns: 5000, interruptAfterTimeLimit: 5000 });
  });
});

function outcome(text: string, escape: '\\' | '`'): string {
  try {
    const { text: expanded } = expandWord(text, { escape, lookup: () => 'v*' });
    return typeof expanded === 'string' ? 'text' : 'nothing';
  } catch (error) {
    if (error instanceof WordFault) return 'fault';
    throw error;
  }
}
