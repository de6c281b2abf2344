import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What an unpacked root holds, one line an entry, in order: path, `directory`, `file`, `link` or `other`, permissions,
 * owner and group, and the sha256 of a file, the target of a link or the number of a device. The root itself has no line,
 * and times have no part in it. The same image gives the same lines, whichever client unpacked it.
 */
export async function listUnpacked(root: string): Promise<readonly string[]> {
  const lines: string[] = [];
  const visit = async (directory: string): Promise<void> => {
    for (const name of (await readdir(join(root, directory))).sort()) {
      const path = join(directory, name);
      const full = join(root, path);
      const status = await lstat(full);
      const mode = (status.mode & 0o7777).toString(8);
      const line = (kind: string, ...more: readonly string[]): void => {
        lines.push([path, kind, mode, `${status.uid}:${status.gid}`, ...more].join(' '));
      };
      if (status.isSymbolicLink()) line('link', await readlink(full));
      else if (status.isDirectory()) {
        line('directory');
        await visit(path);
      } else if (status.isFile()) line('file', await sha256Of(full));
      else line('other', String(status.rdev));
    }
  };
  await visit('');
  return lines;
}

async function sha256Of(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
