import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { AshlarError } from '../../src/index.ts';

/** Where system programs lie on distributions whose login PATH leaves out the sbin directories. */
const systemDirectories = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** The environment that host programs get: the caller's PATH and the system directories, a UTF-8 locale. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return { PATH: toolPath(), LC_ALL: 'C.UTF-8' };
}

/** The absolute path of a program of the host, or undefined where it is not installed. */
export async function findTool(name: string): Promise<string | undefined> {
  for (const directory of toolPath().split(delimiter)) {
    const candidate = join(directory, name);
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}

/** The first of `names` that is installed; throws `tool_missing` naming all of them. */
export async function requireOneTool<Name extends string>(
  names: readonly Name[],
  hint: string,
): Promise<Name> {
  for (const name of names) {
    if ((await findTool(name)) !== undefined) return name;
  }
  throw new AshlarError(
    'tool_missing',
    `none of these programs is installed: ${names.join(', ')}`,
    {
      data: { tools: names },
      hint,
    },
  );
}

function toolPath(): string {
  const own = (process.env['PATH'] ?? '').split(delimiter).filter((part) => part.startsWith('/'));
  return [...new Set([...own, ...systemDirectories])].join(delimiter);
}
