import { makeDebianTree } from '../debian/make-tree.ts';
import { debianRecipes } from '../debian/recipes.ts';
import type { Row } from '../row/row.ts';
import { notYet, setUpHolds } from './set-up-holds.ts';

export interface RealRowsOptions {
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Images made of Debian's own packages: their programs are real, and are run. */
export function realRows({ cacheDir, env }: RealRowsOptions): readonly Row[] {
  return debianRecipes.map((recipe) => ({
    id: recipe.id,
    title: recipe.title,
    kind: 'real',
    source: `packages of ${recipe.suite}, by mmdebstrap: ${recipe.packages.join(', ')}`,
    release: recipe.release,
    on: ['tree', 'container', 'boot'],
    setup: [],
    expects: {
      before: [notYet],
      after: [],
      holds: setUpHolds,
    },
    prepare: (context) => makeDebianTree(recipe, { cacheDir, env, context }),
  }));
}
