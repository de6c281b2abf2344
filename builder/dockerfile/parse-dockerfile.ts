import { findStageFaults } from './check-stages.ts';
import { splitFirstWord, trim } from './go-text.ts';
import {
  type ArgInstruction,
  type Instruction,
  instructionNames,
  type StageInstruction,
} from './instruction.ts';
import { lineOfFault } from './locate-fault.ts';
import { type LogicalLine, splitLogicalLines } from './logical-lines.ts';
import { nearestName } from './nearest-name.ts';
import type { ParsedDockerfile, Stage } from './parsed-dockerfile.ts';
import { parseInstruction } from './parse-instruction.ts';
import { type EscapeCharacter, readParserDirectives } from './parser-directives.ts';
import {
  type DockerfileWarning,
  InstructionFault,
  type Problem,
  problemsError,
} from './problems.ts';
import { checkSourceText } from './source-text.ts';
import { syntaxFault, unsupportedFeatures } from './unsupported.ts';
import {
  casingWarnings,
  keepWarnings,
  repeatedInstructionWarnings,
  warningsAsProblems,
} from './warnings.ts';

/** A Dockerfile of more instructions is refused. */
const maxInstructions = 5000;

/**
 * Parses a Dockerfile. Values stay as written: what is expanded, and with which variables, is decided when the
 * build runs (`planBuild`, `evaluateStep`). Source: the Dockerfile reference and Docker's frontend, whose rules for
 * lines, words and lists are followed to the letter.
 *
 * Throws one `dockerfile_parse_error` for all faults of the file together (the first 20 are shown), among them the
 * unsupported features; a file whose only faults are unsupported features is refused by `planBuild`, when a stage
 * that has them is needed. An unsupported frontend (`# syntax=`) alone is `dockerfile_unsupported`.
 */
export function parseDockerfile(text: string, { path }: { path: string }): ParsedDockerfile {
  checkSourceText(text, { path });
  const lines = text.replace(/^\ufeff/, '').split('\n');
  const { directives, syntaxLine, faults } = readParserDirectives(lines);
  const collector = createCollector(lines, directives.escape);
  for (const { line, message } of faults) collector.addProblem({ line, message });
  const syntax = syntaxFault(directives.syntax);
  if (syntax !== undefined) collector.addProblem({ ...faultFields(syntax), line: syntaxLine });

  const instructions = splitLogicalLines(lines, directives.escape).map((line) =>
    collector.parse(line),
  );
  const { globalArgs, stages } = groupIntoStages(instructions, collector);
  // Where a FROM is faulty, the stages are not counted right.
  const stageFaults = instructions.includes('faulty FROM') ? [] : findStageFaults(stages);
  for (const { fault, instruction } of stageFaults) collector.addFault(fault, instruction);
  const found = [...collector.warnings, ...stages.flatMap(repeatedInstructionWarnings)];
  const warnings = keepWarnings(found, directives.checks).sort(
    (left, right) => left.line - right.line,
  );
  if (directives.checks.warningsAreErrors) {
    collector.problems.push(...warningsAsProblems(warnings, collector.textOf));
  }
  if (collector.problems.length > 0) {
    collector.addUnsupported(stages);
    throw problemsError({ path }, collector.problems);
  }
  return { path, directives, globalArgs, stages, warnings };
}

/** A FROM that cannot be understood begins a stage all the same, or what follows would be blamed too. */
type ParsedLine = Instruction | 'faulty' | 'faulty FROM';

interface Collector {
  readonly problems: Problem[];
  readonly warnings: DockerfileWarning[];
  parse(line: LogicalLine): ParsedLine;
  addProblem(problem: { line: number; message: string } & Partial<Problem>): void;
  addFault(fault: InstructionFault, place: Pick<Instruction, 'range' | 'original'>): void;
  addUnsupported(stages: readonly Stage[]): void;
  readonly textOf: (line: number) => string;
}

function createCollector(lines: readonly string[], escape: EscapeCharacter): Collector {
  const problems: Problem[] = [];
  const warnings: DockerfileWarning[] = [];
  const textOf = (line: number): string => lines[line - 1] ?? '';
  const collector: Collector = {
    problems,
    warnings,
    textOf,
    addProblem: (problem) =>
      problems.push({
        code: 'dockerfile_parse_error',
        text: textOf(problem.line),
        hint: undefined,
        ...problem,
      }),
    addFault: (fault, place) =>
      collector.addProblem({
        ...faultFields(fault),
        line: lineOfFault({ ...place, escape }, fault.place),
      }),
    addUnsupported(stages) {
      for (const instruction of stages.flatMap((stage) => stage.instructions)) {
        for (const fault of unsupportedFeatures(instruction))
          collector.addFault(fault, instruction);
      }
    },
    parse: (line) => parseLine({ line, lines, escape, collector }),
  };
  return collector;
}

interface LineParsing {
  readonly line: LogicalLine;
  readonly lines: readonly string[];
  readonly escape: EscapeCharacter;
  readonly collector: Collector;
}

function parseLine({ line, lines, escape, collector }: LineParsing): ParsedLine {
  const { text, range, heredocs, unterminated } = line;
  const original = lines.slice(range.firstLine - 1, range.lastLine).join('\n');
  const warn = ({ rule, message }: Omit<DockerfileWarning, 'line'>): void => {
    collector.warnings.push({ rule, message, line: range.firstLine });
  };
  if (line.emptyContinuation) {
    warn({ rule: 'NoEmptyContinuation', message: 'an empty line stands between continued lines' });
  }
  try {
    if (unterminated !== undefined) {
      throw new InstructionFault(`the here-document ${unterminated} does not end`, {
        hint: `A line that is ${unterminated} and nothing else has to end it.`,
      });
    }
    return parseInstruction({ text, escape, range, original, heredocs, warn });
  } catch (error) {
    if (!(error instanceof InstructionFault)) throw error;
    collector.addFault(error, { range, original });
    const keyword = splitFirstWord(trim(text)).word.toUpperCase();
    const meant = nearestName(keyword, instructionNames) ?? keyword;
    return keyword === 'FROM' || meant === 'FROM' ? 'faulty FROM' : 'faulty';
  }
}

function faultFields(fault: InstructionFault): Pick<Problem, 'code' | 'message' | 'hint'> {
  return { code: fault.code, message: fault.message, hint: fault.hint };
}

function groupIntoStages(
  instructions: readonly ParsedLine[],
  collector: Collector,
): { globalArgs: ArgInstruction[]; stages: Stage[] } {
  const globalArgs: ArgInstruction[] = [];
  const stages: (Stage & { instructions: StageInstruction[] })[] = [];
  let begun = false;
  for (const instruction of instructions) {
    begun ||= instruction === 'faulty FROM';
    if (typeof instruction === 'string') continue;
    if (instruction.kind === 'from') {
      const { stageName } = instruction;
      stages.push({ index: stages.length, name: stageName, from: instruction, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === 'arg') globalArgs.push(instruction);
    else if (!begun) {
      const message = `${instruction.kind.toUpperCase()} stands before the first FROM`;
      const hint = 'Only ARG can stand there; begin the file with FROM.';
      collector.addFault(new InstructionFault(message, { hint }), instruction);
    }
  }
  checkAmount(instructions, stages, collector);
  collector.warnings.push(...casingWarnings(writtenKeywords(instructions)));
  return { globalArgs, stages };
}

function checkAmount(
  instructions: readonly ParsedLine[],
  stages: readonly Stage[],
  collector: Collector,
): void {
  if (instructions.length > maxInstructions) {
    const message = `the file has ${instructions.length} instructions, more than ${maxInstructions}`;
    collector.addProblem({
      line: 1,
      message,
      hint: 'Join commands into one RUN, or use a script.',
    });
  }
  if (stages.length > 0 || collector.problems.length > 0) return;
  const empty = instructions.length === 0;
  const message = empty ? 'the file has no instructions' : 'the file has no FROM';
  collector.addProblem({
    line: 1,
    message,
    hint: 'Begin with FROM and a base image, or FROM scratch.',
  });
}

function writtenKeywords(instructions: readonly ParsedLine[]): { text: string; line: number }[] {
  return instructions.flatMap((instruction) => {
    if (typeof instruction === 'string') return [];
    const text = splitFirstWord(instruction.original.trimStart()).word;
    return [{ text, line: instruction.range.firstLine }];
  });
}
