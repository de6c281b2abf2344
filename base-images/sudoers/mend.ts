import { type BytePath, toDisplay } from '../../src/index.ts';
import type { ImageFiles } from '../files/image-files.ts';
import { linesOf } from '../text/lines.ts';
import { type FoundSudoEngine, isAtLeast } from './engine.ts';
import { includesIn } from './includes.ts';
import type { SudoersProblem } from './verdict.ts';

const maxTextBytes = 16 * 1024 * 1024;

/** `/etc/sudoers:31: syntax error`. */
export function problemWords({ path, line, what }: SudoersProblem): string {
  return `${absolute(path)}${line === null ? '' : `:${line}`}: ${toDisplay(what)}`;
}

export function engineWords({ provider, version }: FoundSudoEngine): string {
  return version === null ? provider : `${provider} ${version}`;
}

/** One line of a file of the image; null where there is none. Throws `base_file_too_large`. */
export async function lineAt(
  files: ImageFiles,
  { path, line }: { readonly path: BytePath; readonly line: number | null },
): Promise<string | null> {
  if (line === null) return null;
  const text = await textOf(files, path);
  return text === null ? null : (linesOf(text)[line - 1] ?? null);
}

/** The line at fault as it stands, cut to what fits a terminal; nothing where there is none. */
export async function quoteLine(
  files: ImageFiles,
  { path, line }: SudoersProblem,
): Promise<readonly string[]> {
  const text = await lineAt(files, { path, line });
  return text === null ? [] : [`line ${line} is: ${toDisplay(text.slice(0, 200))}`];
}

/** What to do about a line that this sudo does not take. */
export async function mendOf(
  files: ImageFiles,
  problem: SudoersProblem,
  engine: FoundSudoEngine,
): Promise<string> {
  const { path, line } = problem;
  const where = `${line === null ? '' : `line ${line} of `}${absolute(path)}`;
  const text = (await lineAt(files, { path, line })) ?? '';
  const isInclude = /^@include(dir)?\b/.test(text);
  if (isInclude && !knowsAt(engine)) {
    const other = await otherInclude(files, problem);
    const does = `${engineWords(engine)} knows no line that begins with @: that is sudo 1.9.1 and later`;
    return other === null
      ? `${does}. Write ${where} with # in place of @, which every sudo reads.`
      : `${does}. Remove ${where}: line ${other} includes /etc/sudoers.d already, so a file there is enough and /etc/sudoers can stay as the package has it.`;
  }
  if ((await files.follow(withoutSlash(path))) === null)
    return `Put ${absolute(path)} back: take it from the package (apt-get install --reinstall -o Dpkg::Options::=--force-confmiss sudo), owned by root and 0440.`;
  if (text.endsWith('\r')) return `Give ${absolute(path)} line ends of Unix: LF without CR.`;
  return `Mend ${where}, or remove it; \`visudo -c\` in a RUN step says whether it holds.`;
}

function knowsAt({ provider, version }: FoundSudoEngine): boolean {
  return provider === 'sudo-rs' || version === null || isAtLeast(version, '1.9.1');
}

async function otherInclude(files: ImageFiles, problem: SudoersProblem): Promise<number | null> {
  const text = (await textOf(files, problem.path)) ?? '';
  const found = includesIn(text).find(({ line, style }) => style === '#' && line !== problem.line);
  return found?.line ?? null;
}

async function textOf(files: ImageFiles, path: BytePath): Promise<string | null> {
  const bytes = await files.read(withoutSlash(path), { maxBytes: maxTextBytes });
  return bytes?.toString('latin1') ?? null;
}

function absolute(path: BytePath): string {
  return `/${toDisplay(withoutSlash(path))}`;
}

function withoutSlash(path: BytePath): BytePath {
  return path.replace(/^\/+/, '');
}
