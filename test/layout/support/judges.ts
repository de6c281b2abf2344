import { writeFile } from 'node:fs/promises';
import { runChecked, runCommand } from '../../../src/process/run-command.ts';

/** What e2fsck finds wrong with a disk, which it leaves as it is; an empty string when that is nothing. */
export async function e2fsckComplaints(disk: string): Promise<string> {
  const result = await runCommand('e2fsck', ['-fn', disk], { env: plainEnv() });
  const said = result.stdout.toString('latin1');
  // Some complaints, such as a time in the future, leave the exit code at 0.
  const isFine = result.exitCode === 0 && !/\? no$/m.test(said);
  return isFine ? '' : `${said}${result.stderr.toString('latin1')}`;
}

/** Answers of debugfs to requests about a disk, one for each. */
export async function debugfs(disk: string, requests: readonly string[]): Promise<string[]> {
  const file = `${disk}.requests`;
  await writeFile(file, requests.map((request) => `${request}\n`).join(''), 'latin1');
  const { stdout } = await runChecked('debugfs', ['-f', file, disk], {
    env: plainEnv(),
    keepBytes: 64 * 1024 * 1024,
  });
  const said = `\n${stdout.toString('latin1')}`;
  return said
    .split(/\ndebugfs: /)
    .slice(1)
    .map((answer) => answer.slice(answer.indexOf('\n') + 1).trimEnd());
}

/** The fields that `dumpe2fs -h` prints. */
export async function superblockFields(disk: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await runChecked('dumpe2fs', ['-h', disk], { env: plainEnv() });
  const fields = [...stdout.toString('utf8').matchAll(/^([^:\n]+):\s*(.*)$/gm)];
  return new Map(fields.map(([, name = '', value = '']) => [name, value]));
}

function plainEnv(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
}
