import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { memoryFiles, type MemoryFile } from '../../../base-images/files/memory-files.ts';
import type { SudoEngine } from '../../../base-images/sudoers/engine.ts';
import { judgeSudoers } from '../../../base-images/sudoers/judge-sudoers.ts';
import type { SudoersAnswer, SudoersVerdict } from '../../../base-images/sudoers/verdict.ts';
import { fromUtf8 } from '../../../src/index.ts';
import { answerOf } from './real-outcome.ts';
import type { RealAnswer } from './real-sudo.ts';
import { groupLines, host, passwdLines, type Probe, type Setup } from './setup.ts';

/** Where the judge and a real build do not agree. */
export interface Difference {
  readonly what: string;
  readonly judged: string;
  readonly real: string;
}

export interface System {
  readonly passwd: string;
  readonly group: string;
  /** Where the programs of the probes lie. */
  readonly programs: Readonly<Record<string, MemoryFile>>;
}

const programPaths = ['usr/bin', 'bin'].flatMap((directory) =>
  ['id', 'ls', 'echo', 'true'].map((name) => `${directory}/${name}`),
);

function programsOf(root: string): System['programs'] {
  const merged = lstatSync(join(root, 'bin')).isSymbolicLink();
  const paths = programPaths.filter(
    (path) => !(merged && path.startsWith('bin/')) && existsSync(join(root, path)),
  );
  const programs = Object.fromEntries(
    paths.map((path) => [path, { content: readFileSync(join(root, path)), mode: 0o755 }]),
  );
  return merged ? { bin: { target: 'usr/bin' }, ...programs } : programs;
}

export function systemOf(root: string): System {
  const read = (name: string): string => readFileSync(join(root, 'etc', name), 'utf8');
  const lines = (text: string, added: readonly string[]): string => `${text}${added.join('\n')}\n`;
  return {
    passwd: lines(read('passwd'), passwdLines),
    group: lines(read('group'), groupLines),
    programs: programsOf(root),
  };
}

export function judge(setup: Setup, engine: SudoEngine, system: System): Promise<SudoersVerdict> {
  const files: Record<string, MemoryFile | string> = {
    'etc/passwd': system.passwd,
    'etc/group': system.group,
    ...system.programs,
  };
  for (const [path, file] of Object.entries(setup.files)) files[`etc/${fromUtf8(path)}`] = file;
  return judgeSudoers({ files: memoryFiles(files), engine, hostname: host, nowMs: Date.now() });
}

/** What was compared, and where the two do not agree. */
export interface Comparison {
  readonly differences: readonly Difference[];
  readonly answers: AnswerCounts;
  /** Why the answers were not compared; null where they were. */
  readonly leftOut: string | null;
}

/** Answers of the real build that were held against the judge's, and those that its words do not tell. */
export type AnswerCounts = Record<SudoersAnswer | 'untold', number>;

export async function compare(
  setup: Setup,
  verdict: SudoersVerdict,
  real: RealAnswer,
  system: System,
): Promise<Comparison> {
  const differences: Difference[] = [];
  const answers: AnswerCounts = { nopasswd: 0, password: 0, denied: 0, untold: 0 };
  const same: Same = (what, judged, actual) => {
    if (judged !== actual) differences.push({ what, judged: String(judged), real: String(actual) });
  };
  if (readsMore(verdict)) return { differences, answers, leftOut: 'includes /etc itself' };
  if (neverEnds(real)) {
    const foreseen = verdict.skips.some(({ why }) => why === 'too-deep');
    same('never ends', foreseen, true);
    return { differences, answers, leftOut: 'never ends' };
  }
  same('visudo exit code', verdict.visudo.exitCode, real.visudo.exitCode);
  same('visudo text', joined(verdict.visudo.says), trimmed(real.visudo.says));
  for (const [index, probe] of setup.probes.entries()) {
    const found = real.probes[index];
    if (found === undefined || !hasProgram(system, probe)) continue;
    const name = `probe ${index} (${JSON.stringify(probe)})`;
    const says = joined(await verdict.says(probe));
    const { parser, rest } = split(says, trimmed(found.says));
    same(`${name} text`, says, parser);
    const { answer, untold } = answerOf({ ...found, says: rest });
    if (parser === says) same(`${name} more text`, '', untold);
    if (verdict.lockedOut) {
      same(`${name} ran`, false, found.exitCode === 0);
      continue;
    }
    if (answer !== null) same(`${name} answer`, await verdict.allows(probe), answer);
    answers[answer ?? 'untold'] += 1;
  }
  return { differences, answers, leftOut: verdict.lockedOut ? 'locked out' : null };
}

type Same = (what: string, judged: unknown, real: unknown) => void;

/** Of what else lies in /etc, the judge is given users and groups alone. Where sudo refuses the main file, visudo reads it all the same. */
function readsMore({ reads, visudo }: SudoersVerdict): boolean {
  return (
    reads.some(({ path }) => !/^\/etc\/+(?:sudoers|more)(?![^/.])/.test(path)) ||
    visudo.says.some((line) => /^\/etc\/+(?:passwd|group):/.test(line))
  );
}

/** Includes that lead to ever more includes keep the real programs busy until they are killed. */
function neverEnds({ visudo, probes }: RealAnswer): boolean {
  const killed = 128 + 9;
  return visudo.exitCode === killed || probes.some(({ exitCode }) => exitCode === killed);
}

/** Of a program that is not there, sudo says that alone. */
function hasProgram({ programs }: System, { command: [path] }: Probe): boolean {
  const name = path.slice(1);
  return name in programs || (programs['bin']?.target !== undefined && `usr/${name}` in programs);
}

function joined(lines: readonly string[]): string {
  return lines.join('\n');
}

function trimmed(text: string): string {
  return text.replace(/\n$/, '');
}

/** What the judge foretells, and what comes after it; all, where the real build says something else. */
function split(foretold: string, real: string): { parser: string; rest: string } {
  if (foretold === '') return { parser: '', rest: real };
  if (real === foretold || real.startsWith(`${foretold}\n`))
    return { parser: foretold, rest: real.slice(foretold.length + 1) };
  return { parser: real, rest: real };
}
