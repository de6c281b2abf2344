import { join } from 'node:path';
import type { z } from 'zod';
import { reconstructAnswer } from '../processes/answers.ts';
import type { Ashlar } from '../processes/ashlar.ts';
import type { Entry, Tree } from './tree.ts';
import { writeTar } from './write-tar.ts';

/** How sudo came to be in a tree, as `ashlar base reconstruct --sudo` takes it. */
export type SudoInstall = 'as-in-image' | 'installed' | 'without-recommends';

/** Makes trees, and the archives that are imported. */
export interface Trees {
  /** The tree of a release by its id. Throws where the command line gives none, and the abort reason. */
  reconstructed(release: string, sudo: SudoInstall): Promise<Tree>;
  /** Writes a tree into a directory, and gives what `ashlar image import` takes. */
  archive(tree: Tree, directory: string): Promise<string>;
}

/** A certificate that nobody signs with: its key was never kept. */
export const authorityFile = join(import.meta.dirname, 'nobodys-authority.pem');

const timeoutMs = 60_000;

/** One call gives the trees of all releases, so that a row costs no process of its own. */
export function createTrees(ashlar: Ashlar, signal: AbortSignal): Trees {
  const made = new Map<SudoInstall, Promise<ReadonlyMap<string, Tree>>>();
  return {
    async reconstructed(release, sudo) {
      const trees = made.get(sudo) ?? reconstructAll(ashlar, sudo, signal);
      made.set(sudo, trees);
      const tree = (await trees).get(release);
      if (tree === undefined) throw new Error(`no tree was given of ${release}`);
      return tree;
    },
    async archive(tree, directory) {
      const file = join(directory, 'tree.tar');
      await writeTar(tree, file);
      return `tar:${file}`;
    },
  };
}

async function reconstructAll(
  ashlar: Ashlar,
  sudo: SudoInstall,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Tree>> {
  const args = ['base', 'reconstruct', '--sudo', sudo];
  const answer = await ashlar.call({ args, answer: reconstructAnswer, signal, timeoutMs });
  if (!answer.ok) throw new Error(`releases cannot be reconstructed: ${answer.failure.message}`);
  return new Map(answer.value.releases.map(({ release, files }) => [release, treeOf(files)]));
}

type Files = z.infer<typeof reconstructAnswer>['releases'][number]['files'];

function treeOf(files: Files): Tree {
  const entries = Object.entries(files).map(([path, file]): [string, Entry] => [
    path,
    'content' in file ? { ...file, content: Buffer.from(file.content, 'base64') } : file,
  ]);
  return Object.fromEntries(entries);
}
