import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownRelease } from '../releases/known-release.ts';
import type { PrepareContext } from '../row.ts';
import { reconstruct, type SudoInstalled } from './reconstruct.ts';
import type { TreeSource } from './tree-source.ts';
import type { Tree } from './tree.ts';
import { writeTar } from './write-tar.ts';

/** Makes trees, and the archives that are imported. */
export interface Trees {
  reconstructed(release: KnownRelease, sudo: SudoInstalled): Promise<Tree>;
  archive(tree: Tree, context: PrepareContext): Promise<TreeSource>;
}

/** A certificate that nobody signs with: its key was never kept. */
export const authorityFile = join(import.meta.dirname, 'nobodys-authority.pem');

/** `sudoersDir` has the default sudoers files by the names that the releases give them. */
export function createTrees(sudoersDir: string): Trees {
  return {
    async reconstructed(release, sudo) {
      const name = release.sudoers.text;
      const sudoers = name === null ? null : await readFile(join(sudoersDir, name));
      const authority = await readFile(authorityFile, 'utf8');
      return reconstruct({ release, sudoers, sudo, authority });
    },
    async archive(tree, { tempDir }) {
      const file = join(tempDir, 'tree.tar');
      await writeTar(tree, file);
      return { reference: `tar:${file}`, detail: null };
    },
  };
}
