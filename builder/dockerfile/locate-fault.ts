import { DockerfileParser, type Flag, type Instruction as AstInstruction } from 'dockerfile-ast';
import type { SourceRange } from './instruction.ts';
import type { EscapeCharacter } from './parser-directives.ts';
import type { FaultPlace } from './problems.ts';

/** A longer instruction is located by its first line alone. */
const maxLocatedCharacters = 64 * 1024;

export interface LocatedInstruction {
  readonly original: string;
  readonly range: SourceRange;
  readonly escape: EscapeCharacter;
}

/**
 * The line of the file on which a flag or a word of an instruction stands; the instruction's first line when that is
 * not to be found. Only the ranges of dockerfile-ast are taken: an error of it can show a wrong line of the right
 * instruction, and nothing else.
 */
export function lineOfFault(
  instruction: LocatedInstruction,
  place: FaultPlace | undefined,
): number {
  const { original, range, escape } = instruction;
  if (place === undefined || range.firstLine === range.lastLine) return range.firstLine;
  if (original.length > maxLocatedCharacters) return range.firstLine;
  const parsed = DockerfileParser.parse(`# escape=${escape}\n${original}`).getInstructions()[0];
  const line = parsed === undefined ? undefined : zeroBasedLine(parsed, place);
  if (line === undefined) return range.firstLine;
  // The directive put in front takes the first line.
  return Math.min(Math.max(range.firstLine + line - 1, range.firstLine), range.lastLine);
}

function zeroBasedLine(instruction: AstInstruction, place: FaultPlace): number | undefined {
  if ('flag' in place) {
    const flag = flagsOf(instruction).findLast((candidate) => candidate.getName() === place.flag);
    return flag?.getRange().start.line;
  }
  return argumentsOf(instruction)[place.word]?.getRange().start.line;
}

function flagsOf(instruction: AstInstruction): Flag[] {
  return 'getFlags' in instruction && typeof instruction.getFlags === 'function'
    ? (instruction.getFlags() as Flag[])
    : [];
}

function argumentsOf(instruction: AstInstruction): { getRange(): { start: { line: number } } }[] {
  if ('getProperties' in instruction && typeof instruction.getProperties === 'function') {
    return instruction.getProperties() as { getRange(): { start: { line: number } } }[];
  }
  return instruction.getArguments();
}
