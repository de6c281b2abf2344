import { readFlagValues } from './flag-values.ts';
import { splitWords, trim } from './go-text.ts';
import type {
  CmdInstruction,
  EntrypointInstruction,
  ExposeInstruction,
  MaintainerInstruction,
  RunInstruction,
  ShellInstruction,
  StopSignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from './instruction.ts';
import {
  commonOf,
  type InstructionSource,
  malformed,
  readCommand,
  readList,
} from './instruction-source.ts';
import { readJsonForm, refuseNul } from './json-form.ts';
import { InstructionFault } from './problems.ts';

/** `RUN [FLAGS] COMMAND`, a JSON list, or here-documents */
export function parseRun(source: InstructionSource): RunInstruction {
  readFlagValues('RUN', source.flags, {
    mount: 'list',
    network: 'text',
    security: 'text',
    device: 'list',
  });
  const command = readCommand(source);
  if (command.form === 'exec' && command.argv.length === 0) {
    throw new InstructionFault('RUN needs a command', {
      hint: 'Write RUN ["program", "argument"].',
    });
  }
  const { heredocs, flags } = source;
  return { ...commonOf(source), kind: 'run', command, heredocs, flags };
}

export function parseCmd(source: InstructionSource): CmdInstruction {
  readFlagValues('CMD', source.flags, {});
  return { ...commonOf(source), kind: 'cmd', command: readCommand(source) };
}

export function parseEntrypoint(source: InstructionSource): EntrypointInstruction {
  readFlagValues('ENTRYPOINT', source.flags, {});
  return { ...commonOf(source), kind: 'entrypoint', command: readCommand(source) };
}

/** `SHELL ["program", "argument"]`, JSON only */
export function parseShell(source: InstructionSource): ShellInstruction {
  readFlagValues('SHELL', source.flags, {});
  const json = readJsonForm(source.rest);
  if (json.kind !== 'list') throw malformed(source);
  if (json.items.length === 0) throw new InstructionFault('SHELL needs a program');
  refuseNul(json.items);
  return { ...commonOf(source), kind: 'shell', argv: json.items };
}

export function parseWorkdir(source: InstructionSource): WorkdirInstruction {
  return { ...commonOf(source), kind: 'workdir', path: readText(source, 'a path') };
}

export function parseUser(source: InstructionSource): UserInstruction {
  return { ...commonOf(source), kind: 'user', user: readText(source, 'a user') };
}

export function parseStopSignal(source: InstructionSource): StopSignalInstruction {
  return { ...commonOf(source), kind: 'stopsignal', signal: readText(source, 'a signal') };
}

export function parseMaintainer(source: InstructionSource): MaintainerInstruction {
  const name = readText(source, 'a name');
  const message = 'MAINTAINER is deprecated; use LABEL org.opencontainers.image.authors instead';
  source.warn({ rule: 'MaintainerDeprecated', message });
  return { ...commonOf(source), kind: 'maintainer', name };
}

/** `EXPOSE PORT[/PROTOCOL] ...`, in the order of their text, as Docker has it */
export function parseExpose(source: InstructionSource): ExposeInstruction {
  const ports = splitWords(readText(source, 'a port')).sort();
  return { ...commonOf(source), kind: 'expose', ports };
}

/** `VOLUME PATH ...` or a JSON list */
export function parseVolume(source: InstructionSource): VolumeInstruction {
  readFlagValues('VOLUME', source.flags, {});
  const paths = (readList(source) ?? splitWords(source.rest)).map(trim);
  if (paths.length === 0) throw new InstructionFault('VOLUME needs a path');
  if (paths.includes('')) throw new InstructionFault('VOLUME has an empty path');
  return { ...commonOf(source), kind: 'volume', paths };
}

/** The whole rest of the line, which must not be empty. */
function readText(source: InstructionSource, what: string): string {
  readFlagValues(source.keyword, source.flags, {});
  if (source.rest === '') throw new InstructionFault(`${source.keyword} needs ${what}`);
  return source.rest;
}
