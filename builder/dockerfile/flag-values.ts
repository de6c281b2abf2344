import { nearestName } from './nearest-name.ts';
import { InstructionFault } from './problems.ts';

/** `boolean`: alone, or with `=true` or `=false`; `text`: with a value; `list`: with a value, any number of times. */
export type FlagType = 'boolean' | 'text' | 'list';

export interface FlagValues {
  text(name: string): string | undefined;
  /** Undefined where the flag is not there. */
  boolean(name: string): boolean | undefined;
  list(name: string): readonly string[];
}

/** Reads the flags of an instruction by what it allows. Throws `InstructionFault` for what it does not. */
export function readFlagValues(
  keyword: string,
  flags: readonly string[],
  allowed: Readonly<Record<string, FlagType>>,
): FlagValues {
  const types = new Map(Object.entries(allowed));
  const values = new Map<string, string[]>();
  for (const flag of flags) {
    const { name, value } = splitFlag(flag);
    const type = types.get(name);
    if (type === undefined) throw unknownFlag(keyword, name, [...types.keys()]);
    const earlier = values.get(name);
    if (earlier !== undefined && type !== 'list') {
      throw new InstructionFault(`the flag --${name} stands twice`, { place: { flag: name } });
    }
    const checked = checkValue(name, type, value);
    if (earlier === undefined) values.set(name, [checked]);
    else earlier.push(checked);
  }
  return {
    text: (name) => values.get(name)?.[0],
    boolean(name) {
      const value = values.get(name)?.[0];
      return value === undefined ? undefined : value === 'true';
    },
    list: (name) => values.get(name) ?? [],
  };
}

function splitFlag(flag: string): { name: string; value: string | undefined } {
  const equals = flag.indexOf('=');
  if (equals === -1) return { name: flag.slice(2), value: undefined };
  return { name: flag.slice(2, equals), value: flag.slice(equals + 1) };
}

function unknownFlag(keyword: string, name: string, known: readonly string[]): InstructionFault {
  const near = nearestName(name, known);
  const listed = known.map((flag) => `--${flag}`).join(', ');
  const none = `${keyword} takes no flags; write -- before words that begin with --.`;
  const hint = listed === '' ? none : `${keyword} takes ${listed}.`;
  return new InstructionFault(`${keyword} has no flag --${name}`, {
    hint: near === undefined ? hint : `Did you mean --${near}? ${hint}`,
    place: { flag: name },
  });
}

function checkValue(name: string, type: FlagType, value: string | undefined): string {
  if (type !== 'boolean') {
    if (value !== undefined) return value;
    throw new InstructionFault(`the flag --${name} lacks a value`, {
      hint: `Write --${name}=VALUE.`,
      place: { flag: name },
    });
  }
  const lower = value?.toLowerCase() ?? 'true';
  if (lower === 'true' || lower === 'false') return lower;
  throw new InstructionFault(`the flag --${name} is true or false, not ${JSON.stringify(value)}`, {
    place: { flag: name },
  });
}
