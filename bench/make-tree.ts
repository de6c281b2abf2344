import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, systemErrorCode } from '../src/index.ts';
import type { BenchContext } from './benchmark.ts';
import { quoted, run } from './commands.ts';
import type { TreeRecipe } from './trees.ts';

/** The tar file of a tree: from the cache, else made by mmdebstrap in half a minute to a few. */
export async function treeArchive(context: BenchContext, recipe: TreeRecipe): Promise<string> {
  const codename = await hostCodename();
  const key = cacheKey({ codename, recipe });
  return cachedFile(context, `trees/${recipe.name}-${key}.tar`, async (file) => {
    const args = [
      '--quiet',
      '--format=tar',
      `--variant=${recipe.variant}`,
      ...(recipe.include.length === 0 ? [] : [`--include=${recipe.include.join(',')}`]),
      ...(recipe.packagesFrom === 'all' ? [] : releaseOnlyHooks(codename)),
      ...recipe.installs.map((name) => `--customize-hook=${installing(name)}`),
    ];
    await run(context, { argv: ['mmdebstrap', ...args, codename, file] });
  });
}

/** Unpacks a tree into a new directory. */
export async function unpackTree(
  context: BenchContext,
  archive: string,
  directory: string,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const xattrs = ['--xattrs', '--xattrs-include=*'];
  await run(context, {
    argv: ['tar', '-xpf', archive, '-C', directory, '--numeric-owner', ...xattrs],
  });
}

/** A file or directory of the cache; `make` makes it under another name first, so that a half of it is never found. */
export async function cachedFile(
  context: BenchContext,
  name: string,
  make: (path: string) => Promise<void>,
): Promise<string> {
  const path = join(context.cacheDir, name);
  if (await exists(path)) {
    context.say(`# ${path} is in the cache`);
    return path;
  }
  await mkdir(join(path, '..'), { recursive: true });
  const unfinished = `${path}.${process.pid}.new`;
  await make(unfinished);
  await rename(unfinished, path);
  return path;
}

/** A short name for all that something in the cache was made from. */
export function cacheKey(facts: object): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 12);
}

function installing(packageName: string): string {
  const apt = 'env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends';
  return `chroot "$1" ${apt} ${quoted(packageName)}`;
}

/** Pins that forbid apt the archives of updates while the tree is made. */
function releaseOnlyHooks(codename: string): readonly string[] {
  const pins = [`${codename}-security`, `${codename}-updates`].flatMap((suite) =>
    ['n', 'a'].map(
      (field) => String.raw`Package: *\nPin: release ${field}=${suite}\nPin-Priority: -1\n`,
    ),
  );
  const file = '"$1/etc/apt/preferences.d/bench"';
  return [
    `--setup-hook=mkdir -p "$1/etc/apt/preferences.d" && printf '${pins.join(String.raw`\n`)}' > ${file}`,
    `--customize-hook=rm ${file}`,
  ];
}

async function hostCodename(): Promise<string> {
  const found = /^VERSION_CODENAME=(\w+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  if (found !== undefined) return found;
  throw new AshlarError('tool_missing', 'this machine is no Debian or Ubuntu release with a name');
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
