import { posix } from 'node:path';
import { type BytePath, fromUtf8, toDisplay } from '../../src/index.ts';
import { InstructionFault } from '../dockerfile/problems.ts';
import { hasWildcards, matchGlob, parseGlob } from './glob.ts';
import { describeMissing } from './missing-source.ts';
import { unitsOf } from './path-units.ts';
import { resolveInTree } from './resolve-in-tree.ts';
import { joinBytes, type SourceTree } from './source-tree.ts';

/**
 * The paths that a source of COPY or ADD means, in the order of their bytes: the path itself, which may not exist, or
 * for a pattern all that match. A slash in front is the root of the tree. In front of the first part that has a
 * wildcard symbolic links are followed; behind it they are not gone through, as in Docker. A part of a pattern never
 * matches a slash. Throws `copy_source_missing` for a path that leaves the tree.
 */
export async function findSources(tree: SourceTree, source: string): Promise<readonly BytePath[]> {
  const parts = partsOf(source, tree);
  const wild = parts.findIndex(hasWildcards);
  if (wild === -1) return [parts.join('/')];
  const fixed = await resolveInTree(tree, parts.slice(0, wild).join('/'));
  return matchParts(tree, fixed, parts.slice(wild));
}

/** The parts of the path, without `.`, `..` and slashes in front. */
function partsOf(source: string, tree: SourceTree): BytePath[] {
  const clean = posix.normalize(source.replace(/^\/+/, '')).replace(/\/$/, '');
  if (clean === '..' || clean.startsWith('../')) {
    throw new InstructionFault(`${JSON.stringify(source)} leads out of ${tree.name}`, {
      code: 'copy_source_missing',
      hint: 'Only what is below the root can be copied; build with a directory further up as context.',
    });
  }
  return clean === '.' ? [] : fromUtf8(clean).split('/');
}

async function matchParts(
  tree: SourceTree,
  directory: BytePath,
  parts: readonly BytePath[],
): Promise<BytePath[]> {
  const [part, ...rest] = parts;
  if (part === undefined) return [directory];
  const tokens = parseGlob(part, 'as-one-star');
  if (tokens === undefined) return [];
  const found: BytePath[] = [];
  for (const name of await tree.readdir(directory)) {
    if (!matchGlob(tokens, unitsOf(name))) continue;
    const path = joinBytes(directory, name);
    const passable = rest.length === 0 || (await tree.lstat(path))?.kind === 'directory';
    if (passable) found.push(...(await matchParts(tree, path, rest)));
  }
  return found;
}

/** The fault for a source that is not there. */
export async function missingSource(
  tree: SourceTree,
  source: string,
  path: BytePath,
): Promise<InstructionFault> {
  const { reason, hint } = await describeMissing(tree, path);
  const shown = JSON.stringify(source);
  const name = toDisplay(path) === source ? shown : `${shown} (${toDisplay(path)})`;
  return new InstructionFault(`${name} is not in ${tree.name}${reason}`, {
    code: 'copy_source_missing',
    hint,
  });
}
