import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import { resolveInRoot } from './resolve-in-root.ts';
import type { StepUser } from './resolve-user.ts';

const shownCharacters = 200;

/**
 * Makes the working directory, and what leads to it, where it is missing: mode 0755, owned by the step's user, as
 * BuildKit does. It is part of the step's difference. Throws `step_failed` where a file is in the way, or the path is
 * too long below the step's own directory.
 */
export async function makeWorkingDirectory(
  root: string,
  guestPath: string,
  user: StepUser,
): Promise<void> {
  const found = await resolveInRoot(root, guestPath);
  if (found === undefined || (found.stats !== undefined && !found.stats.isDirectory())) {
    throw new AshlarError(
      'step_failed',
      `the working directory ${shown(guestPath)} is no directory of the image`,
      {
        data: { path: guestPath },
        hint: 'Name another directory with WORKDIR, or remove the file that is in the way.',
      },
    );
  }
  for (let depth = found.existing + 1; depth <= found.names.length; depth++) {
    const path = join(root, ...found.names.slice(0, depth));
    try {
      await mkdir(path);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENAMETOOLONG') throw error;
      throw tooLong(guestPath, error);
    }
    await chmod(path, 0o755);
    await chown(path, user.uid, user.gid);
  }
}

function shown(path: string): string {
  return path.length > shownCharacters ? `${path.slice(0, shownCharacters)}...` : path;
}

/** The kernel counts the way to the root of the step too. */
function tooLong(guestPath: string, cause: unknown): AshlarError {
  return new AshlarError(
    'step_failed',
    `the working directory of ${Buffer.byteLength(guestPath, 'utf8')} bytes is too long to run a step in`,
    { data: { path: guestPath }, cause, hint: 'Name a shorter directory with WORKDIR.' },
  );
}
