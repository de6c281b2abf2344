import { readFlagValues } from './flag-values.ts';
import { parseGoDuration } from './go-duration.ts';
import { isSpace, trim } from './go-text.ts';
import type { Healthcheck, HealthcheckInstruction } from './instruction.ts';
import { commonOf, type InstructionSource, readCommand } from './instruction-source.ts';
import { InstructionFault } from './problems.ts';

const nanosecondsPerMillisecond = 1_000_000;
const maxRetries = 2 ** 31 - 1;

const durationFlags = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
} as const;

/** `HEALTHCHECK [OPTIONS] CMD COMMAND` or `HEALTHCHECK NONE` */
export function parseHealthcheck(source: InstructionSource): HealthcheckInstruction {
  const { type, command } = splitType(source.rest);
  const options = readOptions(source);
  if (type === 'NONE') {
    if (command !== '') throw new InstructionFault('HEALTHCHECK NONE takes nothing behind it');
    return { ...commonOf(source), kind: 'healthcheck', healthcheck: { Test: ['NONE'] } };
  }
  if (type !== 'CMD') {
    throw new InstructionFault(
      type === '' ? 'HEALTHCHECK needs CMD or NONE' : `HEALTHCHECK knows no ${type}`,
      { hint: 'Write HEALTHCHECK CMD command or HEALTHCHECK NONE.' },
    );
  }
  const test = readTest(source, command);
  return { ...commonOf(source), kind: 'healthcheck', healthcheck: { Test: test, ...options } };
}

function splitType(rest: string): { type: string; command: string } {
  let end = 0;
  while (end < rest.length && !isSpace(rest.charAt(end))) end += 1;
  return { type: rest.slice(0, end).toUpperCase(), command: trim(rest.slice(end)) };
}

function readTest(source: InstructionSource, text: string): string[] {
  const command = readCommand(source, text);
  if (command.form === 'shell') return ['CMD-SHELL', command.command];
  if (command.argv.length === 0) throw new InstructionFault('HEALTHCHECK CMD needs a command');
  return ['CMD', ...command.argv];
}

function readOptions(source: InstructionSource): Omit<Healthcheck, 'Test'> {
  const flags = readFlagValues('HEALTHCHECK', source.flags, {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  });
  const options: Record<string, number> = {};
  for (const [flag, field] of Object.entries(durationFlags)) {
    const nanoseconds = readDuration(flag, flags.text(flag));
    if (nanoseconds !== 0) options[field] = nanoseconds;
  }
  const retries = readRetries(flags.text('retries'));
  if (retries !== 0) options['Retries'] = retries;
  return options;
}

/** 0 means the default, in Docker too. */
function readDuration(flag: string, text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const nanoseconds = parseGoDuration(text);
  if (nanoseconds === undefined) {
    throw new InstructionFault(`--${flag} is no duration: ${JSON.stringify(text)}`, {
      hint: 'Write a number and a unit, as in 30s, 1m30s or 500ms.',
      place: { flag },
    });
  }
  if (nanoseconds !== 0 && nanoseconds < nanosecondsPerMillisecond) {
    throw new InstructionFault(`--${flag} is less than a millisecond`, { place: { flag } });
  }
  return nanoseconds;
}

function readRetries(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const retries = /^\+?\d+$/.test(text) ? Number(text) : undefined;
  if (retries === undefined || retries > maxRetries) {
    throw new InstructionFault(`--retries is no number from 0 on: ${JSON.stringify(text)}`, {
      place: { flag: 'retries' },
    });
  }
  return retries;
}
