import { access, constants, mkdir } from 'node:fs/promises';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

/** Makes the state directory where it is missing. Throws `home_unusable` when it is none or cannot be written. */
export async function ensureHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true });
    await access(home, constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw new AshlarError('home_unusable', `cannot use ASHLAR_HOME ${home} (${code})`, {
      data: { path: home },
      cause: error,
    });
  }
}
