import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Missing, PrepareContext } from '../row/row.ts';
import { runChild } from '../processes/run-child.ts';
import type { TreeSource } from '../row/tree-source.ts';
import type { DebianRecipe } from './recipes.ts';

export interface MakeTreeOptions {
  /** Trees are kept here between runs. */
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly context: PrepareContext;
}

const timeoutMs = 10 * 60_000;
const day = 24 * 60 * 60_000;
/** Then its packages have had updates. */
const maxAgeMs = 30 * day;

/**
 * The tree of a recipe, from the cache or else made by mmdebstrap in half a minute. Missing where mmdebstrap, its rights or the
 * packages are.
 */
export async function makeDebianTree(
  recipe: DebianRecipe,
  { cacheDir, env, context }: MakeTreeOptions,
): Promise<TreeSource | Missing> {
  const file = join(cacheDir, `${recipe.id}-${keyOf(recipe)}.tar`);
  const kept = await madeAt(file);
  if (kept !== null && Date.now() - kept.getTime() < maxAgeMs) return sourceOf(file, kept);
  context.say(`makes the tree of ${recipe.title} from packages`);
  const unfinished = join(context.tempDir, 'tree.tar');
  const missing = await make(recipe, unfinished, { cacheDir, env, context });
  if (missing !== null)
    return kept === null ? { missing } : sourceOf(file, kept, `; not made anew: ${missing}`);
  await mkdir(cacheDir, { recursive: true });
  // The cache may be on another file system than the temporary directory.
  const copied = `${file}.${process.pid}.new`;
  await moveFile(unfinished, copied);
  await rename(copied, file);
  return sourceOf(file, new Date());
}

/** Null where it was made, else why not. */
async function make(
  recipe: DebianRecipe,
  file: string,
  { env, context: { tempDir, signal } }: MakeTreeOptions,
): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'mmdebstrap has to be run by root';
  try {
    const { exitCode, stderr, endedFor } = await runChild({
      // Its mounts go away with the namespace, however it ends.
      argv: ['unshare', '--mount', 'mmdebstrap', ...argumentsOf(recipe, file)],
      env: { ...env, TMPDIR: tempDir },
      cwd: '/',
      timeoutMs,
      signal,
    });
    if (exitCode === 0) return null;
    if (exitCode === 127 || /unshare: failed to execute/.test(stderr))
      return 'mmdebstrap is not installed';
    if (endedFor === 'timeout') return `mmdebstrap took more than ${timeoutMs / 60_000} minutes`;
    return `the packages of ${recipe.suite} cannot be had: ${firstErrors(stderr)}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return 'the program unshare is not installed';
    throw error;
  }
}

function argumentsOf({ packages, suite, finish }: DebianRecipe, file: string): readonly string[] {
  const settings = '"$1/etc/apt/apt.conf.d/00matrix"';
  const hooks = [
    ...finish,
    // The machine's own, which are not for an image.
    'rm -f "$1/etc/hostname" "$1/etc/resolv.conf" && : > "$1/etc/resolv.conf" && chmod 0644 "$1/etc/resolv.conf"',
    `rm ${settings}`,
  ];
  return [
    '--quiet',
    '--format=tar',
    '--variant=minbase',
    `--include=${packages.join(',')}`,
    // Mirrors that are no longer updated have signatures whose time is over.
    `--setup-hook=mkdir -p "$1/etc/apt/apt.conf.d" && echo 'Acquire::Check-Valid-Until "false";' > ${settings}`,
    ...hooks.map((hook) => `--customize-hook=${hook}`),
    suite,
    file,
  ];
}

/** Of all that the tree is made from. */
function keyOf(recipe: DebianRecipe): string {
  const facts = JSON.stringify(argumentsOf(recipe, ''));
  return createHash('sha256').update(facts).digest('hex').slice(0, 12);
}

function sourceOf(file: string, made: Date, more = ''): TreeSource {
  return {
    reference: `tar:${file}`,
    detail: `made on ${made.toISOString().slice(0, 10)}${more}`,
  };
}

function firstErrors(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.startsWith('E: '));
  const words = lines.slice(0, 2).join(' ') || stderr.trim().split('\n').at(-1) || 'no message';
  return words.slice(0, 400);
}

async function madeAt(file: string): Promise<Date | null> {
  try {
    return (await stat(file)).mtime;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    const { copyFile } = await import('node:fs/promises');
    await copyFile(from, to);
    await rm(from);
  }
}
