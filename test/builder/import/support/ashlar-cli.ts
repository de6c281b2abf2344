import { fileURLToPath } from 'node:url';
import { type CommandResult, runCommand } from '../../../../src/process/run-command.ts';

const program = fileURLToPath(new URL('../../../../bin/ashlar', import.meta.url));

/** Runs the command line with a state directory of its own. */
export function ashlar(
  home: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
  const { ASHLAR_STORE: _, ...outer } = process.env;
  const all = { ...outer, ASHLAR_HOME: home, ...env };
  return runCommand(program, args, { env: all, timeoutMs: 100_000 });
}
