import { type BytePath, toDisplay } from '../../src/index.ts';
import {
  type IgnoreRules,
  type IgnoreVerdict,
  judgePath,
  mayHoldExceptions,
} from './ignore-rules.ts';
import { joinBytes, parentPath, type SourceTree } from './source-tree.ts';

/**
 * A tree without what the rules leave out. As Docker sends a context: an ignored directory is there when, and only
 * when, an exception brings back something below it.
 */
export function createIgnoredTree(tree: SourceTree, rules: IgnoreRules): SourceTree {
  if (rules.rules.length === 0) return tree;
  const filter = createFilter(tree, rules);
  return {
    name: tree.name,
    lstat: async (path) => ((await filter.shows(path)) ? tree.lstat(path) : null),
    async readdir(path) {
      if (!(await filter.shows(path))) return [];
      const names: BytePath[] = [];
      for (const name of await tree.readdir(path)) {
        if (await filter.shows(joinBytes(path, name))) names.push(name);
      }
      return names;
    },
    readFile: (path, signal) => tree.readFile(path, signal),
    async explainMissing(path) {
      if ((await tree.lstat(path)) === null) return undefined;
      const verdict = filter.verdict(path);
      if (!verdict?.ignored || verdict.decidedBy === undefined) return undefined;
      const { pattern, line } = verdict.decidedBy;
      return `it is excluded by ${toDisplay(pattern)} in ${rules.path}, line ${line}`;
    },
  };
}

interface Filter {
  shows(path: BytePath): Promise<boolean>;
  /** Undefined for the root, which no rule touches. */
  verdict(path: BytePath): IgnoreVerdict | undefined;
}

function createFilter(tree: SourceTree, rules: IgnoreRules): Filter {
  const directories = new Map<BytePath, IgnoreVerdict>();
  const shown = new Map<BytePath, boolean>();

  const verdict = (path: BytePath): IgnoreVerdict | undefined => {
    if (path === '') return undefined;
    return directories.get(path) ?? judgePath(rules, path, verdictOfDirectory(parentPath(path)));
  };
  const verdictOfDirectory = (path: BytePath): IgnoreVerdict | undefined => {
    const known = directories.get(path) ?? verdict(path);
    if (known !== undefined) directories.set(path, known);
    return known;
  };
  const mayShowBelow = (directory: BytePath): boolean => {
    if (directory === '') return true;
    if (!mayShowBelow(parentPath(directory))) return false;
    return !verdictOfDirectory(directory)?.ignored || mayHoldExceptions(rules, directory);
  };
  const holdsShown = async (directory: BytePath): Promise<boolean> => {
    for (const name of await tree.readdir(directory)) {
      if (await shows(joinBytes(directory, name))) return true;
    }
    return false;
  };
  const shows = async (path: BytePath): Promise<boolean> => {
    if (path === '') return true;
    const known = shown.get(path);
    if (known !== undefined) return known;
    if (!mayShowBelow(parentPath(path))) return false;
    if (!verdict(path)?.ignored) return true;
    if (!mayHoldExceptions(rules, path)) return false;
    const result = (await tree.lstat(path))?.kind === 'directory' && (await holdsShown(path));
    shown.set(path, result);
    return result;
  };
  return { shows, verdict };
}
