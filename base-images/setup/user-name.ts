import { AshlarError } from '../../src/index.ts';

const maxNameLength = 32;

/** Words at the start of a sudoers line that are no names of users (sudoers(5)). */
const sudoersWords: readonly string[] = [
  'Defaults',
  'User_Alias',
  'Runas_Alias',
  'Host_Alias',
  'Cmnd_Alias',
  'Cmd_Alias',
];

/**
 * Why this cannot be the name of a user everywhere; null where it can. Stricter than each release alone: what useradd of one
 * takes another refuses, and sudo, chown (which takes a dot for the colon), systemd and login all have a say.
 */
export function userNameProblem(name: string): string | null {
  if (name === '') return 'it is empty';
  if (name.startsWith('-')) return 'programs take a name that begins with `-` for an option';
  if (/[^\x21-\x7e]/.test(name))
    return /\s/.test(name) ? 'there is white space in it' : 'a character of it is not ASCII';
  if (/[^A-Za-z0-9_-]/.test(name)) return `${/[^A-Za-z0-9_-]/.exec(name)?.[0] ?? ''} is in it`;
  if (name.length > maxNameLength) return `it has more than ${maxNameLength} characters`;
  if (/^[0-9]+$/.test(name)) return 'programs take a number for a uid';
  if (/^[0-9]/.test(name)) return 'systemd takes no name that begins with a digit';
  if (/[A-Z]/.test(name)) return 'a capital letter is in it, which adduser refuses';
  return sudoersProblem(name);
}

/** Why a sudoers file cannot have this name at the start of a rule; null where it can. */
export function sudoersProblem(name: string): string | null {
  // sudo-rs 0.2.5 says of such a rule `garbage at end of line`.
  if (name.startsWith('_')) return 'not every sudo reads a rule for a name that begins with `_`';
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) return 'a sudoers file cannot name it';
  if (/^[A-Z][A-Z0-9_]*$/.test(name)) return 'a sudoers file takes it for an alias';
  return sudoersWords.includes(name) ? 'a sudoers file takes it for a word of its own' : null;
}

/** Throws `user_name_invalid`. */
export function checkUserName(name: string): void {
  const problem = userNameProblem(name);
  if (problem === null) return;
  throw new AshlarError(
    'user_name_invalid',
    `${JSON.stringify(name)} cannot be the name of a user: ${problem}`,
    { data: { name } },
  );
}

/** The largest uid that is nobody's in particular: -1 and -2, as 16 and 32 bits, have meanings of their own. */
const maxUid = 4_294_967_293;

/** Throws `invalid_request`. */
export function checkUid(uid: number): void {
  if (Number.isSafeInteger(uid) && uid >= 0 && uid <= maxUid && uid !== 65_535) return;
  throw new AshlarError('invalid_request', `${uid} cannot be the uid of a user`, {
    data: { uid },
    hint: 'Take a number from 1000 to 60000.',
  });
}
