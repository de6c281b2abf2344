import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { memoryFiles, type MemoryFile } from '../../../base-images/files/memory-files.ts';
import type { SudoEngine } from '../../../base-images/sudoers/engine.ts';
import { judgeSudoers } from '../../../base-images/sudoers/judge-sudoers.ts';
import type { SudoersVerdict } from '../../../base-images/sudoers/verdict.ts';
import { fromUtf8 } from '../../../src/index.ts';
import { riskySettings } from './generate-settings.ts';
import type { RealAnswer, RealProbe } from './real-sudo.ts';
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

export async function compare(
  setup: Setup,
  verdict: SudoersVerdict,
  real: RealAnswer,
  options: { readonly classic: boolean; readonly system: System },
): Promise<Difference[]> {
  const differences: Difference[] = [];
  const same = (what: string, judged: unknown, actual: unknown): void => {
    if (judged !== actual) differences.push({ what, judged: String(judged), real: String(actual) });
  };
  if (neverEnds(real)) {
    same(
      'never ends',
      verdict.skips.some(({ why }) => why === 'too-deep'),
      true,
    );
    return differences;
  }
  same('visudo exit code', verdict.visudo.exitCode, real.visudo.exitCode);
  same('visudo text', joined(verdict.visudo.says), trimmed(real.visudo.says));
  const texts = Object.values(setup.files).map(({ content = '' }) => String(content));
  const risky = texts.some((text) => riskySettings.test(text));
  for (const [index, probe] of setup.probes.entries()) {
    const answer = real.probes[index];
    if (answer === undefined || !hasProgram(options.system, probe)) continue;
    const name = `probe ${index} (${JSON.stringify(probe)})`;
    const allowed = await verdict.allows(probe);
    const says = joined(await verdict.says(probe));
    const { parser, rest } = split(says, trimmed(answer.says));
    same(`${name} text`, says, parser);
    if (!risky) same(`${name} more text`, '', unexpected(rest, verdict.lockedOut));
    if (answer.listExitCode !== null && isListedAlike(probe, texts))
      same(`${name} listed`, allowed !== 'denied', answer.listExitCode === 0);
    if (!risky) same(`${name} ran`, allowed === 'nopasswd', answer.exitCode === 0);
    if (!risky && !options.classic) compareRust({ allowed, name, rest, answer, probe, same });
  }
  return differences;
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

/** Root who lists is taken for himself where a rule says `(:)`, or where no user to run as is given; and has no terminal. */
function isListedAlike(probe: Probe, texts: readonly string[]): boolean {
  // Root asks for the user: who stays himself is root then.
  const himself = probe.runAsGroup !== undefined && (probe.runAs ?? 'root') === 'root';
  return !himself && !texts.some((text) => /\(\s*[:)]|requiretty|root_sudo/.test(text));
}

/** sudo-rs tells rules that ask for a password from none. */
function compareRust(found: {
  allowed: string;
  name: string;
  rest: string;
  answer: RealProbe;
  probe: Probe;
  same(what: string, judged: unknown, real: unknown): void;
}): void {
  if (/interactive authentication is required/.test(found.rest))
    found.same(`${found.name} asks`, found.allowed, 'password');
  if (/I'm sorry/.test(found.rest)) found.same(`${found.name} refuses`, found.allowed, 'denied');
}

function joined(lines: readonly string[]): string {
  return lines.join('\n');
}

function trimmed(text: string): string {
  return text.replace(/\n$/, '');
}

/** What the judge foretells, and what comes after it. */
function split(foretold: string, real: string): { parser: string; rest: string } {
  if (foretold === '') return { parser: '', rest: real };
  if (real === foretold || real.startsWith(`${foretold}\n`))
    return { parser: foretold, rest: real.slice(foretold.length + 1) };
  return { parser: real, rest: '' };
}

const outcomes = [
  /^sudo: a password is required$/,
  /^sudo(?:-rs)?: I'm sorry \w+\. I'm afraid I can't do that$/,
  /^sudo(?:-rs)?: (?:interactive authentication is required|Authentication failed.*|authentication failed.*)$/i,
  /^Sorry, user \w+ (?:is not allowed to|may not) .*$/,
  /^\w+ is not (?:in the sudoers file|allowed to run sudo on)\b.*$/,
  /^This incident (?:will be|has been) reported.*$/,
  /^sudo: \w+ is not in the sudoers file.*$/,
  /^usage: .*|^ .*/,
  // sudo-rs before 0.2.9 ends like this where a rule, an alias or a Defaults entry names the group of a plugin.
  /^thread 'main' panicked at |^not yet implemented$|^stack backtrace:$|^note: /,
];

/** Lines that are no answer to a call. */
function unexpected(text: string, lockedOut: boolean): string {
  const lines = text
    .split('\n')
    .filter((line) => line !== '' && !outcomes.some((outcome) => outcome.test(line)));
  return lockedOut && lines.length === 0 ? '' : lines.join('\n');
}
