import type { SudoersAnswer } from '../../../base-images/sudoers/verdict.ts';
import type { RealProbe } from './real-sudo.ts';

/** What a call came to, from the exit code and the words after those of the parser. */
export interface RealOutcome {
  /** Null where the words do not tell it. */
  readonly answer: SudoersAnswer | null;
  /** Lines that are no answer to a call. */
  readonly untold: string;
}

/** The C sudo asks for a password before it denies: the same call with one tells the two apart. */
export function answerOf(probe: RealProbe): RealOutcome {
  const { exitCode, says, withPassword } = probe;
  const lines = says.split('\n').filter((line) => line !== '');
  const untold = lines.filter((line) => !known.some(({ words }) => words.test(line))).join('\n');
  if (exitCode === 0) return { answer: 'nopasswd', untold };
  const first = known.find(
    ({ words, means }) => means !== 'nothing' && lines.some((line) => words.test(line)),
  );
  const means = first?.means ?? 'nothing';
  if (means !== 'asks') return { answer: means === 'nothing' ? null : means, untold };
  if (withPassword === null) return { answer: null, untold };
  if (withPassword.exitCode === 0) return { answer: 'password', untold };
  return { answer: refused.test(withPassword.says) ? 'denied' : null, untold };
}

/** After the prompt, which has no line end. */
const refused =
  /Sorry, user \w+ (?:is not allowed to|may not) |\w+ is not (?:in the sudoers file|allowed to run sudo on)|: I'm sorry \w+\./;

/** Words of real builds, and what they mean. `asks`: what comes after the password decides. */
const known: readonly {
  readonly words: RegExp;
  readonly means: SudoersAnswer | 'asks' | 'nothing';
}[] = [
  { words: /^sudo: a password is required$/, means: 'asks' },
  { words: /^sudo(?:-rs)?: interactive authentication is required$/, means: 'password' },
  // sudo-rs before 0.2.11, where passwd_tries is 1.
  { words: /^sudo-rs: Maximum 1 incorrect authentication attempts$/, means: 'password' },
  // With noninteractive_auth, of the password's own module.
  { words: /^sudo: Interaction is required$/, means: 'password' },
  // The rule holds, the directory to work in does not.
  { words: /^sudo: unable to change directory to |^sudo: cannot execute '/, means: 'nopasswd' },
  // Of a rule with CHROOT=, which is tried out before it is known whether it is the one.
  { words: /^sudo: unable to set runas group vector: Operation not permitted$/, means: 'nothing' },
  // Comes before the password, and whoever may do it or not.
  { words: /^sudo: sorry, you must have a tty to run sudo$/, means: 'nothing' },
  { words: /^sudo(?:-rs)?: I'm sorry \w+\. I'm afraid I can't do that$/, means: 'denied' },
  { words: /^Sorry, user \w+ (?:is not allowed to|may not) .*$/, means: 'denied' },
  {
    words: /^(?:sudo: )?\w+ is not (?:in the sudoers file|allowed to run sudo on)\b.*$/,
    means: 'denied',
  },
  { words: /^sudo: sudoers specifies that root is not allowed to sudo$/, means: 'denied' },
  { words: /^This incident (?:will be|has been) reported.*$/, means: 'nothing' },
  { words: /^usage: .*|^ .*/, means: 'nothing' },
  // sudo-rs before 0.2.9 ends like this where a rule, an alias or a Defaults entry names the group of a plugin.
  { words: /^thread 'main' panicked at /, means: 'denied' },
  { words: /^not yet implemented$|^stack backtrace:$|^note: /, means: 'nothing' },
];
