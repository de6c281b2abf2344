/** What --chmod does to permissions: a fixed mode, or changes in the words of chmod(1). */
export type ModeChange =
  | { readonly kind: 'fixed'; readonly mode: number }
  | { readonly kind: 'relative'; readonly clauses: readonly ModeClause[] };

export interface ModeClause {
  readonly operator: '+' | '-' | '=';
  /** The bits that the clause may change. */
  readonly who: number;
  readonly bits: number;
  /** `X`: execute, where it is a directory or somebody could execute it before. */
  readonly conditionalExecute: boolean;
  /** Permissions that are copied from the owner's, the group's or the others'. */
  readonly copyOf: 'u' | 'g' | 'o' | undefined;
}

const maxMode = 0o7777;
const whoBits = { u: 0o4700, g: 0o2070, o: 0o0007, a: 0o6777 } as const;
const permissionBits: Readonly<Record<string, number>> = {
  r: 0o444,
  w: 0o222,
  x: 0o111,
  s: 0o6000,
  t: 0o1000,
};
const clausePattern = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/;

/**
 * Reads `644`, `u+x`, `a=rX,go-w` and so on, with an umask of 0; undefined when it is neither. Source: Dockerfile
 * reference, "COPY --chmod"; setmode(3).
 */
export function parseModeChange(text: string): ModeChange | undefined {
  if (/^[0-7]+$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    return mode <= maxMode ? { kind: 'fixed', mode } : undefined;
  }
  const clauses: ModeClause[] = [];
  for (const part of text.split(',')) {
    const found = clausePattern.exec(part);
    if (found === null) return undefined;
    for (const [, operator = '', letters = ''] of (found[2] ?? '').matchAll(/([-+=])([^-+=]*)/g)) {
      clauses.push(clauseOf(found[1] ?? '', operator, letters));
    }
  }
  return { kind: 'relative', clauses };
}

/** The permission bits after the change. */
export function changeMode(
  change: ModeChange,
  entry: { readonly mode: number; readonly directory: boolean },
): number {
  if (change.kind === 'fixed') return change.mode;
  return change.clauses.reduce((mode, clause) => applyClause(clause, mode, entry), entry.mode);
}

function clauseOf(whoLetters: string, operator: string, letters: string): ModeClause {
  const named = Array.from(whoLetters).reduce((bits, letter) => bits | bitsOfWho(letter), 0);
  const onlyOthers = named === whoBits.o;
  const copyOf = letters === 'u' || letters === 'g' || letters === 'o' ? letters : undefined;
  let bits = 0;
  for (const letter of copyOf === undefined ? letters : '') {
    // chmod(1) leaves set-ID and sticky bits alone where only the others are named.
    if (!(onlyOthers && (letter === 's' || letter === 't'))) bits |= permissionBits[letter] ?? 0;
  }
  return {
    operator: operator === '+' || operator === '-' ? operator : '=',
    who: (named === 0 ? whoBits.a : named) | (bits & 0o1000),
    bits,
    conditionalExecute: letters.includes('X'),
    copyOf,
  };
}

function bitsOfWho(letter: string): number {
  return letter === 'u' || letter === 'g' || letter === 'o' || letter === 'a' ? whoBits[letter] : 0;
}

function applyClause(
  clause: ModeClause,
  mode: number,
  entry: { readonly mode: number; readonly directory: boolean },
): number {
  const { operator, who, copyOf } = clause;
  const executable = entry.directory || (entry.mode & 0o111) !== 0 || operator === '-';
  let bits = clause.bits | (clause.conditionalExecute && executable ? 0o111 : 0);
  if (copyOf !== undefined) bits = copiedBits(mode, copyOf);
  if (operator === '+') return mode | (bits & who);
  if (operator === '-') return mode & ~(bits & who);
  return (mode & ~who) | (bits & who);
}

function copiedBits(mode: number, from: 'u' | 'g' | 'o'): number {
  const shift = { u: 6, g: 3, o: 0 }[from];
  return ((mode >> shift) & 7) * 0o111;
}
