import {
  type BytePath,
  type Digest,
  digestOf,
  digestWithConfig,
  type ImageRoot,
  type Inode,
  layoutVersion,
} from '../../src/index.ts';
import type { Puts } from './stage-files.ts';

/**
 * A way to the files of a stage: stored files, and what was put among them since. Where another build took a way from the
 * same files and put the same kinds of things at the same paths, what it came to is an image of mostly the same shape: most
 * often the one of before a source file was changed.
 */
export interface Stretch {
  /** Names the files that it starts from. */
  readonly from: Digest;
  readonly puts: Puts;
}

/** Steps that a way goes back to; one that begins earlier is of use only where all steps since are taken anew. */
const maxStretches = 8;

/** The ways to what `puts` makes of the files that these lead to, the shortest first. */
export function extendStretches(
  stretches: readonly Stretch[],
  { root, puts }: { readonly root: ImageRoot; readonly puts: Puts },
): Stretch[] {
  const longer = stretches.map((stretch) => ({
    from: stretch.from,
    puts: new Map([...stretch.puts, ...puts]),
  }));
  return [{ from: filesOf(root), puts }, ...longer].slice(0, maxStretches);
}

/**
 * Names a way by what decides on the shape of a tree and can be told without its contents: the same paths, with the same
 * types, the same of them links of each other.
 */
export function stretchKeyOf({ from, puts }: Stretch): Digest {
  const files = new Map<Inode, number>();
  const lines = [`stretch ${layoutVersion} ${from}`];
  for (const [path, inode] of puts) lines.push(lineOf(path, inode, files));
  return digestOf(Buffer.from(lines.join('\0'), 'latin1'));
}

function lineOf(path: BytePath, inode: Inode, files: Map<Inode, number>): string {
  if (inode.type === 'directory') return `directory ${path}`;
  const number = files.get(inode) ?? files.size;
  files.set(inode, number);
  return `${inode.type} ${number} ${path}`;
}

/** Names the files of an image, whatever its config is. */
function filesOf(root: ImageRoot): Digest {
  return digestWithConfig(root, { architecture: '', os: '', config: {} });
}
