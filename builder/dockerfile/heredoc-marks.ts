import { splitFlags } from './builder-flags.ts';
import { splitFirstWord, trim } from './go-text.ts';
import { readJsonForm } from './json-form.ts';
import type { EscapeCharacter } from './parser-directives.ts';
import { type LexRules, WordFault } from './lexing.ts';
import { lexWords } from './word-lexer.ts';

export interface HeredocMark {
  readonly name: string;
  readonly expand: boolean;
  readonly chomp: boolean;
}

const markPattern = /^\d*<<(-?)\s*([^<]*)$/;
const mayHaveHeredocs: ReadonlySet<string> = new Set(['ADD', 'COPY', 'RUN']);

/** Nothing is replaced, quotes and escapes stay: only the cut into words counts. Always with `\`, as Docker has it. */
const cutOnly: LexRules = { escape: '\\', quotes: 'keep', escapes: 'keep', unset: 'keep' };
const unquote: LexRules = { escape: '\\', quotes: 'process', escapes: 'process', unset: 'keep' };

/** The here-documents that an instruction announces, in their order; none for JSON form and other instructions. */
export function heredocMarksOf(line: string, escape: EscapeCharacter): HeredocMark[] {
  if (!canHaveHeredocs(line, escape)) return [];
  const marks: HeredocMark[] = [];
  for (const word of wordsOf(line, cutOnly)) {
    const mark = readHeredocMark(word);
    if (mark !== undefined) marks.push(mark);
  }
  return marks;
}

/** Reads `<<NAME`, `<<-NAME`, `<<"NAME"`; undefined for any other word. */
export function readHeredocMark(word: string): HeredocMark | undefined {
  const found = markPattern.exec(word);
  const rest = found?.[2] ?? '';
  if (found === null || rest === '') return undefined;
  const names = wordsOf(rest, unquote);
  const raw = wordsOf(rest, { ...unquote, quotes: 'keep' });
  const [name] = names;
  if (name === undefined || names.length !== 1 || raw.length !== 1) return undefined;
  return { name, expand: quotesIn(name) === quotesIn(raw[0] ?? ''), chomp: found[1] === '-' };
}

function canHaveHeredocs(line: string, escape: EscapeCharacter): boolean {
  let { word, rest } = splitFirstWord(trim(line));
  if (word.toUpperCase() === 'ONBUILD')
    ({ word, rest } = splitFirstWord(argumentsOf(rest, escape)));
  if (!mayHaveHeredocs.has(word.toUpperCase())) return false;
  return readJsonForm(argumentsOf(rest, escape)).kind !== 'list';
}

function argumentsOf(text: string | undefined, escape: EscapeCharacter): string {
  return splitFlags(text ?? '', escape).rest;
}

/** Docker takes a line that it cannot cut into words for one without here-documents. */
function wordsOf(text: string, rules: LexRules): readonly string[] {
  try {
    return lexWords(text, rules, () => undefined).words;
  } catch (error) {
    if (error instanceof WordFault) return [];
    throw error;
  }
}

function quotesIn(text: string): number {
  return text.split(/['"]/).length - 1;
}
