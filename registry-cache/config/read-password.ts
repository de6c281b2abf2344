import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemErrorCode } from '../../src/index.ts';
import { type ConfigPlace, configProblem } from './config-problem.ts';

const maxPasswordBytes = 64 * 1024;
const othersBits = 0o006;

/**
 * Reads a password from a file, whose name counts from the directory of the configuration; one newline at the end is not a part
 * of it. Throws `config_invalid` for a file that others than its owner and group can read or write, and for what is no password;
 * no message has anything of what the file says.
 */
export async function readPassword(file: string, at: ConfigPlace): Promise<string> {
  const path = resolve(dirname(at.file), file);
  const fail = (problem: string, hint?: string, cause?: unknown): Error =>
    configProblem(at, `${path} ${problem}`, { ...(hint === undefined ? {} : { hint }), cause });
  try {
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (!stats.isFile()) throw fail('is not a regular file');
    if ((stats.mode & othersBits) !== 0) {
      const mode = (stats.mode & 0o777).toString(8);
      throw fail(`can be read or written by everybody (mode ${mode})`, `chmod 600 ${path}`);
    }
    if (stats.size > maxPasswordBytes) throw fail('is too large for a password');
    const bytes = await handle.readFile();
    const whole = bytes.toString('utf8');
    const text = whole.replace(/\r?\n$/, '');
    if (/\p{Cc}/u.test(text) || !Buffer.from(whole).equals(bytes))
      throw fail('holds something else than one line of text');
    if (text === '') throw fail('is empty');
    return text;
  } catch (error) {
    const code = systemErrorCode(error);
    // What is thrown here has the code of an Ashlar error.
    if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw error;
    throw fail(`cannot be read (${code})`, undefined, error);
  }
}
