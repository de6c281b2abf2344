import type { ImageFiles } from '../files/image-files.ts';
import { type Accounts, readAccounts } from './accounts.ts';
import { judgeClassic } from './classic/judge-classic.ts';
import type { SudoEngine } from './engine.ts';
import type { Judgement } from './judgement.ts';
import { judgeRust } from './rust/judge-rust.ts';
import { createSnapshots, type Snapshot } from './snapshot.ts';
import type { SudoersProblem, SudoersVerdict } from './verdict.ts';

export interface JudgeSudoersOptions {
  readonly files: ImageFiles;
  readonly engine: SudoEngine;
  /** Users and groups; those of the image's /etc/passwd and /etc/group where left out. */
  readonly accounts?: Accounts;
  /** What `hostname` prints: for %h in includes and for the hosts of rules. `localhost` where left out. */
  readonly hostname?: string;
  /** For rules with NOTBEFORE and NOTAFTER, in milliseconds since 1970; where left out, they hold at any time. */
  readonly nowMs?: number;
}

/**
 * What this build of sudo says of the sudoers files of an image: what it reads and skips, whom it lets do what, and on which line it
 * stumbles. Nothing is run. Never throws for what the files say, only for what reading the image throws.
 */
export async function judgeSudoers(options: JudgeSudoersOptions): Promise<SudoersVerdict> {
  const { snapshot, run, readAhead } = createSnapshots(options.files);
  for (const path of ['/etc/sudoers', '/etc/sudoers.d', '/etc/passwd', '/etc/group'])
    await readAhead(path);
  const judgement = await run(() => judge(snapshot, options));
  const [always, settingProblems] = await run(
    () => [judgement.says(null), judgement.settingProblems()] as const,
  );
  const problems = withoutTwins([...judgement.problems, ...settingProblems]);
  const fatal = problems.find(({ severity }) => severity === 'fatal') ?? null;
  return {
    reads: judgement.reads,
    skips: judgement.skips,
    directories: judgement.directories,
    problems,
    lockedOut: judgement.lockedOut,
    lockedOutBy: judgement.lockedOut ? (fatal ?? problems[0] ?? null) : null,
    saysItself: always,
    visudo: judgement.visudo,
    says: (question) => run(() => judgement.says(question)),
    allows: (question) => run(() => judgement.allows(question)),
  };
}

function judge(snapshot: Snapshot, options: JudgeSudoersOptions): Judgement {
  const { engine, hostname: host = 'localhost', nowMs = null } = options;
  const accounts = options.accounts ?? readAccounts(snapshot);
  const { version } = engine;
  return engine.provider === 'sudo'
    ? judgeClassic({ snapshot, version, accounts, host, nowMs })
    : judgeRust({ snapshot, version, accounts, host });
}

/** sudo and visudo say much the same. */
function withoutTwins(problems: readonly SudoersProblem[]): SudoersProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ path, line, what }) => {
    const key = `${path}\n${line}\n${what}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
