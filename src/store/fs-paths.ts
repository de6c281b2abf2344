import { join } from 'node:path';

/**
 * On disk a store is a directory: each object a regular file at its key, beside them one folder for what is being
 * written. That folder's name cannot be part of a key.
 *
 *     ashlar-store.json
 *     packs/ab/abcdef...
 *     ~tmp/<24 hex digits>.tmp        bytes of an object that is not published yet
 *     ~tmp/<64 hex digits>.claim      a key that is being published, where hard links are not to be had
 */
const temporaryFolder = '~tmp';

export function temporaryDirectory(root: string): string {
  return join(root, temporaryFolder);
}

/** Matches the names that this driver makes in the temporary folder, and no others. */
export const temporaryName = /^(?:[0-9a-f]{24}\.tmp|[0-9a-f]{64}\.claim)$/;

/** What may stand at the top of an empty store: our own folder, and what mkfs makes of ext4. */
export const ignorableAtTop: readonly string[] = [temporaryFolder, 'lost+found'];
