import { randomBytes } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { systemErrorCode } from '../errors/ashlar-error.ts';

/** The secret in a file that this user alone can read; made where it is missing. Who comes at the same time gets the same. */
export async function writeSecretOnce(path: string, make: () => Buffer): Promise<Buffer> {
  const known = await readIfThere(path);
  if (known !== null) return known;
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await using file = await open(temporary, 'wx', 0o600);
    await file.writeFile(make());
    await file.sync();
    await link(temporary, path);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  return readFile(path);
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
