import type { BytePath } from '../../../src/index.ts';
import type { InstalledPackage } from '../base-facts.ts';
import type { Look } from '../look.ts';

/** A path a line; sudo's has some hundred. */
const maxListBytes = 1024 * 1024;

/**
 * Which of these packages of dpkg has a file, by the lists of what they brought (`var/lib/dpkg/info/NAME.list`). `no-lists`
 * where the image has none of those lists.
 */
export async function findOwner(
  look: Look,
  packages: readonly InstalledPackage[],
  realPath: BytePath,
): Promise<InstalledPackage | null | 'no-lists'> {
  let lists = 0;
  for (const one of packages) {
    const list = await listOf(look, one);
    if (list === null) continue;
    lists += 1;
    // Where /usr is merged the package may still name /bin.
    const names = new Set([`/${realPath}`, `/${realPath.replace(/^usr\//, '')}`]);
    if (list.split('\n').some((line) => names.has(line.trim()))) return one;
  }
  return lists === 0 ? 'no-lists' : null;
}

async function listOf(
  look: Look,
  { name, architecture }: InstalledPackage,
): Promise<string | null> {
  const base = `var/lib/dpkg/info/${name}`;
  return (
    (await look.text(`${base}.list`, maxListBytes)) ??
    (await look.text(`${base}:${architecture}.list`, maxListBytes))
  );
}
