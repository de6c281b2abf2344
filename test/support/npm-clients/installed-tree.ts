import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../../src/errors/ashlar-error.ts';

/** What clients note for themselves in node_modules: times, stores, URLs. */
const stateFiles = new Set([
  '.package-lock.json',
  '.modules.yaml',
  '.yarn-integrity',
  '.yarn-state.yml',
  '.pnpm-workspace-state.json',
  '.pnpm-workspace-state-v1.json',
  '.pnpm/lock.yaml',
  '.pnpm/.state.json',
]);

/**
 * What a client installed in a project, one line an entry, in order: path below node_modules; `link` and its target,
 * or `file`, whether it may be run, and the sha256 of its content; directories only where they are empty. Two
 * installs of the same packages by the same client give the same lines, wherever they came from.
 */
export async function listInstalled(project: string): Promise<readonly string[]> {
  const lines: string[] = [];
  const visit = async (path: string): Promise<void> => {
    if (stateFiles.has(path)) return;
    const absolute = join(project, 'node_modules', path);
    const status = await lstat(absolute);
    if (status.isSymbolicLink()) {
      lines.push(`${path} link ${(await readlink(absolute)).replace(project, '')}`);
    } else if (status.isDirectory()) {
      const names = (await readdir(absolute)).sort();
      for (const name of names) await visit(path === '' ? name : `${path}/${name}`);
      if (names.length === 0) lines.push(`${path} directory`);
    } else {
      const content = settled(path, await readFile(absolute), project);
      const digest = createHash('sha256').update(content).digest('hex');
      lines.push(`${path} file ${(status.mode & 0o100) === 0 ? '-' : 'x'} ${digest}`);
    }
  };
  try {
    await visit('');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' && lines.length === 0) return [];
    throw error;
  }
  return lines;
}

/** Content without what names the project's own place or, as npm 6 writes it, where a package came from. */
function settled(path: string, content: Buffer, project: string): Buffer | string {
  if (/(^|\/)\.bin\//.test(path)) return content.toString().replaceAll(project, '');
  if (!path.endsWith('/package.json') || !content.includes('"_resolved"')) return content;
  const manifest = JSON.parse(content.toString()) as Record<string, unknown>;
  const own = Object.entries(manifest).filter(([field]) => !field.startsWith('_'));
  return JSON.stringify(Object.fromEntries(own));
}
