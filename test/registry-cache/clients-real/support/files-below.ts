import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Contents by path from there. */
export function filesBelow(directory: string): Readonly<Record<string, string>> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(directory, path), readFileSync(path, 'utf8')];
    }),
  );
}
