import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findTool, toolEnvironment } from '../../../builder/run/tool-environment.ts';
import { runCommand } from '../../../src/process/run-command.ts';

export const needsCompiler = 'needs a C compiler and a static C library';

/** Compiles attack.c for images without a C library. Undefined where there is no C compiler or no static library. */
export async function compileAttack(directory: string): Promise<string | undefined> {
  if ((await findTool('cc')) === undefined) return undefined;
  const source = join(import.meta.dirname, 'attack.c');
  const program = join(directory, 'attack');
  const { exitCode } = await runCommand('cc', ['-static', '-O1', '-o', program, source], {
    env: { ...toolEnvironment(), TMPDIR: directory },
  });
  return exitCode === 0 ? program : undefined;
}

export async function putAttack(program: string, path: string): Promise<void> {
  await copyFile(program, path);
}
