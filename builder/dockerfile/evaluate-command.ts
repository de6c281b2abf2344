import type { Expander } from './expander.ts';
import { defaultShell } from './image-config.ts';
import type { CmdInstruction, CommandForm, EntrypointInstruction } from './instruction.ts';
import { type ConfigChange, type StageState, withConfig } from './stage-state.ts';

/**
 * CMD and ENTRYPOINT. An ENTRYPOINT takes the CMD away that came with the base, which was meant for the base's own
 * ENTRYPOINT, and leaves one of the same stage; CMD takes nothing away.
 */
export function setCommand(
  state: StageState,
  instruction: CmdInstruction | EntrypointInstruction,
  expander: Expander,
): ConfigChange {
  warnOfShellForm(state, instruction, expander);
  const argv = argvOf(state, instruction.command);
  if (instruction.kind === 'cmd') {
    return { state: { ...withConfig(state, { Cmd: argv }), cmdSet: true }, canonical: argv };
  }
  const Entrypoint = argv.length === 0 ? undefined : argv;
  const changes = state.cmdSet ? { Entrypoint } : { Entrypoint, Cmd: undefined };
  return { state: withConfig(state, changes), canonical: argv };
}

/** The words of a command; shell form goes through the image's shell. */
export function argvOf(state: StageState, command: CommandForm): readonly string[] {
  if (command.form === 'exec') return command.argv;
  const { Shell } = state.config.config;
  const shell = Shell === undefined || Shell.length === 0 ? defaultShell : Shell;
  return [...shell, command.command];
}

function warnOfShellForm(
  state: StageState,
  instruction: CmdInstruction | EntrypointInstruction,
  expander: Expander,
): void {
  const { Shell } = state.config.config;
  if (instruction.command.form === 'exec' || (Shell !== undefined && Shell.length > 0)) return;
  const keyword = instruction.kind.toUpperCase();
  const message = `a JSON list is recommended for ${keyword}: in shell form the command does not get signals`;
  expander.warnings.push({ rule: 'JSONArgsRecommended', message });
}
