import { type BytePath, toDisplay } from '../../src/index.ts';
import { nearestNames } from '../dockerfile/nearest-name.ts';
import { hasWildcards } from './glob.ts';
import { baseName, joinBytes, parentPath, type SourceTree } from './source-tree.ts';

const maxSuggestions = 3;
const maxListed = 8;

export interface MissingDescription {
  /** To be put behind "is not in the build context". */
  readonly reason: string;
  readonly hint: string | undefined;
}

/** Says why a path is not there as far as it can be known, and what is there of nearly that name. */
export async function describeMissing(
  tree: SourceTree,
  path: BytePath,
): Promise<MissingDescription> {
  const explained = await tree.explainMissing?.(path);
  if (explained !== undefined) {
    return { reason: `: ${explained}`, hint: 'Put an exception (!path) behind that pattern.' };
  }
  const directory = await nearestDirectory(tree, path);
  const wanted = path.slice(directory === '' ? 0 : directory.length + 1).split('/', 1)[0] ?? '';
  const names = await tree.readdir(directory);
  const near = nearestNames(toDisplay(wanted), names.map(toDisplay), maxSuggestions);
  if (near.length > 0) {
    const shown = near.map((name) => joinBytes(toDisplay(directory), name)).join(', ');
    return { reason: '', hint: `Nearest there: ${shown}.` };
  }
  return { reason: '', hint: describeNames(directory, names) };
}

/** The deepest directory above the path that exists. */
async function nearestDirectory(tree: SourceTree, path: BytePath): Promise<BytePath> {
  let directory = parentPath(path);
  while (directory !== '') {
    const entry = hasWildcards(baseName(directory)) ? null : await tree.lstat(directory);
    if (entry?.kind === 'directory') return directory;
    directory = parentPath(directory);
  }
  return '';
}

function describeNames(directory: BytePath, names: readonly BytePath[]): string {
  const place = directory === '' ? 'The root' : toDisplay(directory);
  if (names.length === 0) return `${place} is empty.`;
  const listed = names.slice(0, maxListed).map(toDisplay).join(', ');
  const more = names.length - maxListed;
  return `${place} has ${listed}${more > 0 ? ` and ${more} more` : ''}.`;
}
