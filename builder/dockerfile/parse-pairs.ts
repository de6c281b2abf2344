import { readFlagValues } from './flag-values.ts';
import { splitFirstWord } from './go-text.ts';
import type {
  ArgDeclaration,
  ArgInstruction,
  EnvInstruction,
  LabelInstruction,
  Pair,
} from './instruction.ts';
import { commonOf, type InstructionSource } from './instruction-source.ts';
import { InstructionFault } from './problems.ts';
import { splitQuotedWords } from './quoted-words.ts';

const secretWord =
  /(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const harmlessWord = /(?:^|_)(?:public|file|version)(?:_|$)/i;

/** `ENV NAME=VALUE ...` or `ENV NAME VALUE` */
export function parseEnv(source: InstructionSource): EnvInstruction {
  const pairs = readPairs(source);
  for (const { name } of pairs) warnOfSecret(source, name);
  return { ...commonOf(source), kind: 'env', pairs };
}

/** `LABEL NAME=VALUE ...` or `LABEL NAME VALUE` */
export function parseLabel(source: InstructionSource): LabelInstruction {
  return { ...commonOf(source), kind: 'label', pairs: readPairs(source) };
}

/** `ARG NAME[=DEFAULT] ...` */
export function parseArg(source: InstructionSource): ArgInstruction {
  readFlagValues('ARG', source.flags, {});
  const words = splitQuotedWords(source.rest, source.escape);
  if (words.length === 0) throw new InstructionFault('ARG needs the name of an argument');
  const declarations = words.map((word, index): ArgDeclaration => {
    const equals = word.indexOf('=');
    if (equals === 0) throw withoutName('ARG', index);
    const name = equals === -1 ? word : word.slice(0, equals);
    warnOfSecret(source, name);
    return { name, defaultValue: equals === -1 ? undefined : word.slice(equals + 1) };
  });
  return { ...commonOf(source), kind: 'arg', declarations };
}

function readPairs(source: InstructionSource): Pair[] {
  const { keyword } = source;
  readFlagValues(keyword, source.flags, {});
  const words = splitQuotedWords(source.rest, source.escape);
  const [first] = words;
  if (first === undefined) throw new InstructionFault(`${keyword} needs a name and a value`);
  if (!first.includes('=')) return [readSpacedPair(source)];
  return words.map((word, index) => {
    const equals = word.indexOf('=');
    if (equals === -1) {
      throw new InstructionFault(`${JSON.stringify(word)} lacks its = in ${keyword}`, {
        hint: 'Write name=value for each; put values with white space in quotes.',
        place: { word: index },
      });
    }
    if (equals === 0) throw withoutName(keyword, index);
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

/** `ENV NAME VALUE`, where the value is the whole rest of the line. */
function readSpacedPair(source: InstructionSource): Pair {
  const { keyword } = source;
  const { word, rest } = splitFirstWord(source.rest);
  if (rest === undefined) {
    throw new InstructionFault(`${keyword} ${word} lacks a value`, {
      hint: `Write ${keyword} ${word}=value.`,
    });
  }
  const message = `${keyword} name=value should be used instead of the old form ${keyword} name value`;
  source.warn({ rule: 'LegacyKeyValueFormat', message });
  return { name: word, value: rest };
}

function withoutName(keyword: string, index: number): InstructionFault {
  return new InstructionFault(`${keyword} has a value without a name`, {
    hint: 'Write no white space around the =.',
    place: { word: index },
  });
}

function warnOfSecret(source: InstructionSource, name: string): void {
  if (!secretWord.test(name) || harmlessWord.test(name)) return;
  const message = `${source.keyword} ${name}: whatever ARG and ENV hold can be read in the image; do not put secrets there`;
  source.warn({ rule: 'SecretsUsedInArgOrEnv', message });
}
