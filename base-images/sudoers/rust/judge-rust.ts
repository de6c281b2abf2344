import type { Accounts } from '../accounts.ts';
import type { Judgement } from '../judgement.ts';
import { requestOf } from '../request.ts';
import type { Snapshot } from '../snapshot.ts';
import type { SudoersAnswer, SudoersProblem, SudoersQuestion } from '../verdict.ts';
import { collect, type Collected, type Complaint } from './collect.ts';
import { type Opened, openSudoers } from './open-sudoers.ts';
import { type RustFeatures, rustFeatures } from './rust-features.ts';
import { EngineCrash, lookUpRust } from './rust-match.ts';
import { toBytes } from './text.ts';

export interface JudgeRustOptions {
  readonly snapshot: Snapshot;
  readonly version: string;
  readonly accounts: Accounts;
  readonly host: string;
}

/** What sudo-rs of a version says of the sudoers files. */
export function judgeRust(options: JudgeRustOptions): Judgement {
  const { snapshot, version, accounts, host } = options;
  const features = rustFeatures(version);
  const path = snapshot.look('/etc/sudoers-rs').error === null ? '/etc/sudoers-rs' : '/etc/sudoers';
  const program = features.namedSudo ? 'sudo' : 'sudo-rs';
  const opened = openSudoers(snapshot, path, { checkDirectory: features.checksMainDirectory });
  const collected =
    'text' in opened ? collect(snapshot, version, { path, text: opened.text }) : null;
  const fatal: SudoersProblem[] =
    'text' in opened
      ? []
      : [{ path, line: null, column: null, what: opened.message, severity: 'fatal' }];
  const says =
    collected === null
      ? refusal(path, opened, features).map((line) => `${program}: ${line}`)
      : [...collected.warnings, ...cite(collected.complaints, { snapshot, program, prefix: '' })];
  const visudo = judgeVisudo({ path, program, snapshot, collected, version });
  return {
    reads: collected?.reads ?? [],
    skips: collected?.skips ?? ('why' in opened ? [{ path, why: opened.why, from: null }] : []),
    directories: collected?.directories ?? [],
    problems: [...fatal, ...(collected?.complaints ?? []).map(problemOf), ...visudo.problems],
    lockedOut: collected === null,
    visudo: { exitCode: visudo.exitCode, says: visudo.says },
    says: () => says,
    allows: (question) =>
      collected === null
        ? 'denied'
        : answer(collected, question, { features, snapshot, accounts, host }),
    settingProblems: () => [],
  };
}

/** What sudo-rs says, and then ends. */
function refusal(path: string, opened: Opened, features: RustFeatures): string[] {
  if (!('message' in opened)) return [];
  if (opened.why !== 'missing' || !features.namedSudo)
    return [`invalid configuration: ${opened.message}`];
  return [
    `sudoers file not found: ${path}`,
    '',
    'The sudoers file is required for sudo-rs to function. Please ensure:',
    '- The file exists at the expected location',
    '- You have the necessary permissions to read it',
    '- If setting up sudo-rs for the first time, create a sudoers file with appropriate permissions',
    '',
    'For more information, see the sudo-rs documentation.',
  ];
}

function answer(
  collected: Collected,
  question: SudoersQuestion,
  context: { features: RustFeatures; snapshot: Snapshot; accounts: Accounts; host: string },
): SudoersAnswer {
  const request = requestOf(question, context.accounts, { host: context.host, runAs: 'root' });
  if (request === null) return 'denied';
  try {
    return lookUpRust(collected, request, context);
  } catch (error) {
    if (error instanceof EngineCrash) return 'denied';
    throw error;
  }
}

function problemOf({ path, span, message }: Complaint): SudoersProblem {
  const { line, column } = span?.start ?? { line: null, column: null };
  return { path, line, column, what: message, severity: 'recovered' };
}

interface VisudoOptions {
  readonly path: string;
  readonly program: string;
  readonly snapshot: Snapshot;
  readonly version: string;
  /** What sudo itself has read; null where it would not open the main file. */
  readonly collected: Collected | null;
}

/** `visudo -c`: mode and owner of the main file, then all that sudo would say. */
function judgeVisudo(options: VisudoOptions): {
  exitCode: 0 | 1;
  says: string[];
  problems: SudoersProblem[];
} {
  const { path, snapshot, version, program } = options;
  const refuse = (what: string): ReturnType<typeof judgeVisudo> => ({
    exitCode: 1,
    says: [`visudo: ${what}`],
    problems: [{ path, line: null, column: null, what, severity: 'visudo-only' }],
  });
  const looked = snapshot.look(path);
  if (looked.error !== null) {
    const opened = openSudoers(snapshot, path, { checkDirectory: false });
    return refuse(`unable to open ${path}: ${'message' in opened ? opened.message : looked.error}`);
  }
  const mode = looked.mode & 0o777;
  const found = mode.toString(8).padStart(4, '0');
  if (mode !== 0o440)
    return refuse(`${path}: bad permissions, should be mode 0440, but found ${found}`);
  if (looked.uid !== 0 || looked.gid !== 0) {
    return refuse(
      `${path}: wrong owner (uid, gid) should be (0, 0), but found (${looked.uid}, ${looked.gid})`,
    );
  }
  const opened = openSudoers(snapshot, path, { checkDirectory: false });
  if (!('text' in opened)) return refuse(opened.message);
  const { complaints, warnings } =
    options.collected ?? collect(snapshot, version, { path, text: opened.text });
  if (complaints.length === 0)
    return { exitCode: 0, says: [...warnings, `${path}: parsed OK`], problems: [] };
  const cited = cite(complaints, { snapshot, program, prefix: 'syntax error: ' });
  return {
    exitCode: 1,
    says: [...warnings, ...cited, 'visudo: invalid sudoers file'],
    problems: [],
  };
}

/** Each complaint with its line, and the place in it. */
function cite(
  complaints: readonly Complaint[],
  { snapshot, program, prefix }: { snapshot: Snapshot; program: string; prefix: string },
): string[] {
  const lines = new Map<string, string[]>();
  const linesOf = (path: string): string[] => {
    const known = lines.get(path) ?? (snapshot.read(path) ?? '').split('\n');
    lines.set(path, known);
    return known;
  };
  return complaints.flatMap(({ path, span, message }) => {
    if (span === null) return [`${program}: ${toBytes(prefix + message)}`];
    const { start, end } = span;
    const first = `${path}:${start.line}:${start.column}: ${toBytes(prefix + message)}`;
    const all = linesOf(path);
    const line = all[start.line - 1];
    const isLast = start.line === all.length;
    if (line === undefined || (isLast && line === '')) return [first];
    const text = Buffer.from(isLast ? line : line.replace(/\r$/, ''), 'latin1').toString('utf8');
    const padding = Array.from(text)
      .slice(0, start.column - 1)
      .map((character) => (/\s/u.test(character) ? character : ' '))
      .join('');
    const width = end.line === start.line ? Math.max(0, end.column - start.column - 1) : 0;
    return [first, toBytes(text), `${toBytes(padding)}^${'~'.repeat(width)}`];
  });
}
