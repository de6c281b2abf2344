import { type BytePath, toDisplay } from '../../../src/index.ts';
import type { ImageFile } from '../../files/image-files.ts';

/** As people write it: `0440`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** `/etc/sudoers is 0440 and owned by 0:0`. */
export function inodeWords({ path, mode, uid, gid }: ImageFile): string {
  return `${absolute(path)} is ${octal(mode)} and owned by ${uid}:${gid}`;
}

/** For people, with the leading slash. */
export function absolute(path: BytePath): string {
  return `/${toDisplay(path.replace(/^\/+/, ''))}`;
}

/** A path as one word of a shell: what an image calls its files must not become a command where a mend is copied. */
export function shellPath(path: BytePath): string {
  return shellWord(absolute(path));
}

export function shellWord(text: string): string {
  return /^[\w./+@:~-]+$/.test(text) && !/^[-~]/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}
