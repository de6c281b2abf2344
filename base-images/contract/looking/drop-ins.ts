import { type BytePath, joinPath } from '../../../src/index.ts';
import type { ImageFile, ImageFiles } from '../../files/image-files.ts';
import { sudoersDirectory } from './sudoers-lines.ts';

/** The regular files in `/etc/sudoers.d` that no sudo skips for their names; links to such files are followed. */
export async function dropInsOf(files: ImageFiles): Promise<readonly ImageFile[]> {
  const found: ImageFile[] = [];
  for (const name of await files.names(sudoersDirectory)) {
    if (isSkippedName(name)) continue;
    const file = await files.follow(joinPath(sudoersDirectory, name));
    if (file?.type === 'file') found.push(file);
  }
  return found;
}

/** sudoers(5), "Including other files from within sudoers". */
export function isSkippedName(name: BytePath): boolean {
  return name.includes('.') || name.endsWith('~');
}

/** What package managers and editors leave beside a file: nobody means it to be read. */
export function isLeftover(name: BytePath): boolean {
  return (
    name.startsWith('.') ||
    name.endsWith('~') ||
    /\.(dpkg-[a-z]+|ucf-[a-z]+|rpm(new|save|orig)|swp|bak|orig|old)$/.test(name)
  );
}
