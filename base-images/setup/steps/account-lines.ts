import { linesOf } from '../text-file.ts';

/** A new user and its group, as passwd(5), shadow(5), group(5) and gshadow(5) have them. */
export interface NewAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** No password fits, and the account is not locked: sshd would refuse keys of a locked one. */
const noPassword = '*';

export function passwdLine(account: NewAccount, hasShadow: 'shadow' | 'no-shadow'): string {
  const { name, uid, gid, home, shell } = account;
  return `${name}:${hasShadow === 'shadow' ? 'x' : noPassword}:${uid}:${gid}::${home}:${shell}`;
}

/** The day of the last change is left out, so that nothing ages, and nothing here is of the clock. */
export function shadowLine({ name }: NewAccount): string {
  return `${name}:${noPassword}::0:99999:7:::`;
}

export function groupLine({ name, gid }: NewAccount): string {
  return `${name}:x:${gid}:`;
}

export function gshadowLine({ name }: NewAccount): string {
  return `${name}:!::`;
}

/** How many ids of their own users get for containers, and where these begin: as useradd has it by default. */
const subordinateIds = { first: 100_000, count: 65_536 };

export function subordinateLine(text: string, name: string): string {
  const ends = linesOf(text).map((line) => {
    const [, start, count] = line.split(':');
    const end = Number(start) + Number(count);
    return Number.isSafeInteger(end) ? end : 0;
  });
  return `${name}:${Math.max(subordinateIds.first, ...ends)}:${subordinateIds.count}`;
}

/**
 * The text with a line for a new name; as it is where the name is there already. Lines that hand on to a directory service
 * begin with `+` or `-` and stay the last, as nothing after them is found.
 */
export function withAccount(text: string, line: string): string {
  const [name] = line.split(':');
  const lines = linesOf(text);
  if (lines.some((other) => other.split(':')[0] === name)) return text;
  const handOn = lines.findIndex((other) => /^[+-]/.test(other));
  lines.splice(handOn === -1 ? lines.length : handOn, 0, line);
  return `${lines.join('\n')}\n`;
}
