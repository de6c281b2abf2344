import type { BytePath } from '../../src/index.ts';
import type { ImageFiles } from '../files/image-files.ts';
import { eachLine } from '../text/lines.ts';
import type { FileAndLine, SudoersVerdict } from './verdict.ts';

/** A line that includes `/etc/sudoers.d`. */
export interface IncludeLine {
  readonly style: '#' | '@';
  /** From 1. */
  readonly line: number;
}

export const sudoersPath = 'etc/sudoers';
export const sudoersDirectory = 'etc/sudoers.d';

const plainInclude = /^([#@])includedir[ \t]+"?\/etc\/sudoers\.d\/?"?[ \t]*$/;

/**
 * The lines of `/etc/sudoers` that include `/etc/sudoers.d` in words that people use (sudoers(5), "Including other files from within sudoers").
 * For where nobody knows which sudo reads them; where somebody does, `whatIncludes` knows the other spellings, and which of all this sudo reads.
 */
export function includesIn(text: string): readonly IncludeLine[] {
  const found: IncludeLine[] = [];
  let line = 0;
  for (const words of eachLine(text)) {
    line += 1;
    const style = plainInclude.exec(words)?.[1];
    if (style === '#' || style === '@') found.push({ style, line });
  }
  return found;
}

/**
 * The directives by which this sudo comes to `/etc/sudoers.d`, in whichever file they stand and however they spell it, also where the
 * directory itself is missing or not safe.
 */
export async function whatIncludes(
  { directories, skips }: Pick<SudoersVerdict, 'directories' | 'skips'>,
  files: ImageFiles,
): Promise<readonly FileAndLine[]> {
  const wanted = await placeOf(sudoersDirectory, files);
  const found: FileAndLine[] = [];
  for (const { path, from } of [...directories, ...skips])
    if (from !== null && (await placeOf(path, files)) === wanted) found.push(from);
  return found;
}

/** Is this file of the image among those that this sudo reads, by whatever names and links? */
export async function isRead(
  file: BytePath,
  { reads }: Pick<SudoersVerdict, 'reads'>,
  files: ImageFiles,
): Promise<boolean> {
  const wanted = await placeOf(file, files);
  for (const { path } of reads) if ((await placeOf(path, files)) === wanted) return true;
  return false;
}

/** Without links, and as written where there is nothing. */
async function placeOf(path: BytePath, files: ImageFiles): Promise<BytePath> {
  const plain = path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .join('/');
  return (await files.follow(plain))?.path ?? plain;
}
