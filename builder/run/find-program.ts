import { posix } from 'node:path';
import { resolveInRoot } from './resolve-in-root.ts';

export interface ProgramQuestion {
  /** The tree that is `/` for the program. */
  readonly root: string;
  readonly program: string;
  readonly workdir: string;
  readonly path: string;
}

/** Whether `execvp` finds a program in an image: by its path, or by PATH for a bare name. */
export async function findProgram(
  question: ProgramQuestion,
): Promise<'found' | 'missing' | 'not executable'> {
  const { root, program, workdir, path } = question;
  const candidates = program.includes('/')
    ? [posix.resolve(workdir, program)]
    : path.split(':').map((directory) => posix.resolve(workdir, directory, program));
  let answer: 'missing' | 'not executable' = 'missing';
  for (const candidate of candidates) {
    const stats = (await resolveInRoot(root, candidate))?.stats;
    if (stats === undefined) continue;
    if (stats.isFile() && (stats.mode & 0o111) !== 0) return 'found';
    answer = 'not executable';
  }
  return answer;
}
