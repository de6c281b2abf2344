import type { SettingsContext, SettingsFile } from './client-settings.ts';
import { editedFile, readSettings, wholeFile } from './settings-file.ts';

/** In a directory of `certs.d` all files with this ending are authorities (docker's "certificates", containers-certs.d(5)). */
const fileName = 'ashlar-ca.crt';

/** Where the authority of the cache lies among those of registries, each in a directory that is named as its host. */
export function authorityPath({ cache }: SettingsContext, certsDirectory: string): string {
  return `${certsDirectory}/${cache.host}/${fileName}`;
}

/** The certificates of the cache's authority as a file there; none where the client is to know it already. */
export async function authorityFiles(
  { authority, files }: SettingsContext,
  path: string,
): Promise<readonly SettingsFile[]> {
  if (authority === null) return [];
  const before = await readSettings(files, path);
  if (before === null) return [wholeFile(path, authority)];
  const edit = { offset: 0, removed: before, inserted: authority };
  return [editedFile(path, before, before === authority ? [] : [edit])];
}
