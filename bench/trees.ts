import type { Scale } from './benchmark.ts';

/** How mmdebstrap makes a root file system of this machine's own release. Each is made by itself: none builds on another. */
export interface TreeRecipe {
  readonly name: string;
  readonly variant: 'minbase' | 'important';
  readonly include: readonly string[];
  /** Packages that are installed after that, each by an `apt-get install` of its own, in this order. */
  readonly installs: readonly string[];
  /** `release-only` leaves out what the release's security and updates archives offer. */
  readonly packagesFrom: 'all' | 'release-only';
}

const plain: Omit<TreeRecipe, 'name'> = {
  variant: 'minbase',
  include: [],
  installs: [],
  packagesFrom: 'all',
};

/** Also the base of builds and imports: about 450 MB of files. */
export const nodeTree: TreeRecipe = {
  ...plain,
  name: 'node',
  include: ['ca-certificates', 'nodejs', 'npm', 'git'],
};

const mixedTree: TreeRecipe = {
  ...plain,
  name: 'mixed',
  include: ['ca-certificates', 'build-essential', 'nodejs', 'npm', 'curl', 'jq'],
};

const pythonTree: TreeRecipe = {
  ...plain,
  name: 'python',
  include: ['python3', 'python3-pip', 'build-essential'],
};

/** A base before and after the updates of its release. */
export function updatedBase(scale: Scale): { before: TreeRecipe; after: TreeRecipe } {
  const base = { ...plain, variant: scale === 'full' ? 'important' : 'minbase' } as const;
  return {
    before: { ...base, name: 'base-before-updates', packagesFrom: 'release-only' },
    after: { ...base, name: 'base' },
  };
}

/** The same packages, installed in one order and in the other. */
export function reorderedPair(scale: Scale): readonly [TreeRecipe, TreeRecipe] {
  const packages = scale === 'full' ? ['git', 'python3-pip', 'curl', 'nodejs'] : ['curl', 'git'];
  return [
    { ...plain, name: 'in-order', installs: packages },
    { ...plain, name: 'in-other-order', installs: packages.toReversed() },
  ];
}

/** The trees whose dedup is measured. */
export function dedupTrees(scale: Scale): readonly TreeRecipe[] {
  const { before, after } = updatedBase(scale);
  const children = scale === 'full' ? [nodeTree, pythonTree, mixedTree] : [nodeTree];
  return [before, after, ...children, ...reorderedPair(scale)];
}
