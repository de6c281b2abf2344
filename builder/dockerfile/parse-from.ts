import { readFlagValues } from './flag-values.ts';
import { splitWords } from './go-text.ts';
import type { FromInstruction } from './instruction.ts';
import { commonOf, type InstructionSource } from './instruction-source.ts';
import { InstructionFault } from './problems.ts';

const stageNamePattern = /^[a-z][a-z0-9._-]*$/;
const reservedNames: ReadonlySet<string> = new Set(['context', 'scratch']);

/** `FROM [--platform=P] BASE [AS NAME]` */
export function parseFrom(source: InstructionSource): FromInstruction {
  const flags = readFlagValues('FROM', source.flags, { platform: 'text' });
  const words = splitWords(source.rest);
  const [base, as, name] = words;
  if (base === undefined || (words.length !== 1 && words.length !== 3)) {
    throw new InstructionFault('FROM takes a base, or a base, AS and a name', {
      hint: 'Write FROM image or FROM image AS name.',
    });
  }
  if (as !== undefined && as.toUpperCase() !== 'AS') {
    throw new InstructionFault(`FROM has ${JSON.stringify(as)} where AS belongs`, {
      hint: 'Write FROM image AS name.',
    });
  }
  if (as !== undefined) warnOfCasing(source, as);
  return {
    ...commonOf(source),
    kind: 'from',
    base,
    platform: flags.text('platform'),
    stageName: name === undefined ? undefined : readStageName(source, name),
  };
}

function warnOfCasing(source: InstructionSource, as: string): void {
  const from = source.writtenKeyword;
  const lower = from === from.toLowerCase();
  if (!lower && from !== from.toUpperCase()) return;
  if (as === (lower ? as.toLowerCase() : as.toUpperCase())) return;
  source.warn({
    rule: 'FromAsCasing',
    message: `${from} and ${as} are not in the same letter case`,
  });
}

function readStageName(source: InstructionSource, name: string): string {
  const stageName = name.toLowerCase();
  if (!stageNamePattern.test(stageName)) {
    throw new InstructionFault(`${JSON.stringify(name)} is not a name for a stage`, {
      hint: 'A stage name begins with a letter and has letters, digits, dots, dashes and underscores.',
    });
  }
  if (name !== stageName) {
    source.warn({
      rule: 'StageNameCasing',
      message: `the stage name ${name} should be in lower case`,
    });
  }
  if (reservedNames.has(stageName)) {
    const message = `the stage name ${stageName} is also a reserved word`;
    source.warn({ rule: 'ReservedStageName', message });
  }
  return stageName;
}
