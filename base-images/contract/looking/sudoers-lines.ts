import type { BytePath } from '../../../src/index.ts';
import type { ImageFiles } from '../../files/image-files.ts';
import type { Place } from '../check.ts';
import { linesOf, readText } from './read-text.ts';

/** A line that includes `/etc/sudoers.d`, in either spelling. */
export interface IncludeLine {
  readonly style: '#' | '@';
  readonly line: number;
}

export const sudoersPath = 'etc/sudoers';
export const sudoersDirectory = 'etc/sudoers.d';

/** All lines of a sudoers file that include `/etc/sudoers.d`. */
export function includesIn(text: string): readonly IncludeLine[] {
  return linesOf(text).flatMap((line, index): IncludeLine[] => {
    const style = /^([#@])includedir[ \t]+"?\/etc\/sudoers\.d\/?"?[ \t]*\r?$/.exec(line)?.[1];
    return style === '#' || style === '@' ? [{ style, line: index + 1 }] : [];
  });
}

/** One line of a file of the image; null where there is none. */
export async function lineAt(files: ImageFiles, { path, line }: Place): Promise<string | null> {
  if (line === null) return null;
  const text = await readText(files, withoutSlash(path));
  return text === null ? null : (linesOf(text)[line - 1] ?? null);
}

export function withoutSlash(path: BytePath): BytePath {
  return path.replace(/^\/+/, '');
}
