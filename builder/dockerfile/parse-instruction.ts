import { readFlagValues } from './flag-values.ts';
import { splitFlags } from './builder-flags.ts';
import { splitFirstWord, trim, trimStart } from './go-text.ts';
import {
  type Instruction,
  instructionNames,
  type OnbuildInstruction,
  type StageInstruction,
} from './instruction.ts';
import { commonOf, type InstructionSource } from './instruction-source.ts';
import { nearestName } from './nearest-name.ts';
import { parseAdd, parseCopy } from './parse-copy.ts';
import { parseFrom } from './parse-from.ts';
import { parseHealthcheck } from './parse-healthcheck.ts';
import { parseArg, parseEnv, parseLabel } from './parse-pairs.ts';
import {
  parseCmd,
  parseEntrypoint,
  parseExpose,
  parseMaintainer,
  parseRun,
  parseShell,
  parseStopSignal,
  parseUser,
  parseVolume,
  parseWorkdir,
} from './parse-simple.ts';
import { InstructionFault } from './problems.ts';

/** An instruction's text with what its parser has to know besides. */
export type InstructionText = Omit<
  InstructionSource,
  'keyword' | 'writtenKeyword' | 'flags' | 'rest'
> & {
  /** The logical line. */
  readonly text: string;
};

/** Parses one instruction. Throws `InstructionFault`. */
export function parseInstruction(line: InstructionText): Instruction {
  const source = splitInstruction(line);
  if (source.keyword === 'FROM') return parseFrom(source);
  if (source.keyword === 'ONBUILD') return parseOnbuild(source, line);
  return parseStageInstruction(source);
}

/** The parsers of what may stand in a stage and behind ONBUILD. */
const parsers: Readonly<Record<string, (source: InstructionSource) => StageInstruction>> = {
  ADD: parseAdd,
  ARG: parseArg,
  CMD: parseCmd,
  COPY: parseCopy,
  ENTRYPOINT: parseEntrypoint,
  ENV: parseEnv,
  EXPOSE: parseExpose,
  HEALTHCHECK: parseHealthcheck,
  LABEL: parseLabel,
  MAINTAINER: parseMaintainer,
  RUN: parseRun,
  SHELL: parseShell,
  STOPSIGNAL: parseStopSignal,
  USER: parseUser,
  VOLUME: parseVolume,
  WORKDIR: parseWorkdir,
};

function parseStageInstruction(source: InstructionSource): StageInstruction {
  const { keyword } = source;
  const parse = Object.hasOwn(parsers, keyword) ? parsers[keyword] : undefined;
  if (parse !== undefined) return parse(source);
  const shown = keyword.length > 40 ? `${keyword.slice(0, 40)}...` : keyword;
  const near = nearestName(keyword, instructionNames);
  const hint =
    near === undefined
      ? 'A line that goes on needs a backslash as the last character of the line before it.'
      : `Did you mean ${near}?`;
  if (keyword === '') throw new InstructionFault('a continued line has no instruction');
  throw new InstructionFault(`unknown instruction ${shown}`, { hint });
}

function splitInstruction(line: InstructionText): InstructionSource {
  const { word, rest } = splitFirstWord(trim(line.text));
  const { flags, rest: operands } = splitFlags(rest ?? '', line.escape);
  const keyword = word.toUpperCase();
  return { ...line, keyword, writtenKeyword: word, flags, rest: operands };
}

/** `ONBUILD INSTRUCTION`; the trigger is checked here and runs where the image is a base. */
function parseOnbuild(source: InstructionSource, line: InstructionText): OnbuildInstruction {
  readFlagValues('ONBUILD', source.flags, {});
  const nested = splitInstruction({ ...line, text: source.rest });
  if (nested.keyword === '') throw new InstructionFault('ONBUILD needs an instruction');
  if (['ONBUILD', 'FROM', 'MAINTAINER'].includes(nested.keyword)) {
    throw new InstructionFault(`${nested.keyword} cannot be a trigger of ONBUILD`);
  }
  const trigger = parseStageInstruction(nested);
  return { ...commonOf(source), kind: 'onbuild', expression: expressionOf(line), trigger };
}

/** The text of the trigger with the bodies of its here-documents, as it goes into the image config. */
function expressionOf(line: InstructionText): string {
  const text = trimStart(line.text).replace(/^onbuild\s*/i, '');
  const bodies = line.heredocs.map(({ name, content }) => `\n${content}${name}`);
  return text + bodies.join('');
}
