import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { AshlarError, systemErrorCode } from '../src/index.ts';

/** The path of a program in PATH, or undefined. */
export async function findProgram(
  name: string,
  path: string = process.env['PATH'] ?? '',
): Promise<string | undefined> {
  for (const directory of path.split(delimiter).filter(Boolean)) {
    const candidate = join(directory, name);
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'ENOTDIR') throw error;
    }
  }
  return undefined;
}

/** The path of a program in PATH. Throws `tool_missing` with the package that brings it. */
export async function requireProgram(name: string, packageName: string): Promise<string> {
  const path = await findProgram(name);
  if (path !== undefined) return path;
  throw new AshlarError('tool_missing', `the program ${name} is not installed`, {
    data: { tool: name, package: packageName },
    hint: `Install the package ${packageName}.`,
  });
}
