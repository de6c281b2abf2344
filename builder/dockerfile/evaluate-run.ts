import { proxyVariables } from './build-args.ts';
import { argvOf } from './evaluate-command.ts';
import { envMap } from './image-config.ts';
import { readHeredocMark } from './heredoc-marks.ts';
import type { CommandForm, Heredoc, RunInstruction } from './instruction.ts';
import { InstructionFault } from './problems.ts';
import type { StageState } from './stage-state.ts';
import type { InlineFile, RunStep } from './step.ts';

/** Where Docker puts the script of a here-document that begins with #!. */
const inlineDirectory = '/dev/pipes';

/** The command of a RUN with all that it runs in. */
export function evaluateRun(state: StageState, instruction: RunInstruction): RunStep {
  const { config } = state.config;
  const { command, inlineFiles } = withHeredocs(instruction);
  const argv = argvOf(state, command);
  const user = config.User ?? '';
  const workdir =
    config.WorkingDir === undefined || config.WorkingDir === '' ? '/' : config.WorkingDir;
  const args = [...state.args].sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    kind: 'run',
    range: instruction.range,
    original: instruction.original,
    cacheText: JSON.stringify(['run', { argv, inlineFiles, args, user, workdir }]),
    argv,
    env: runEnvironment(state),
    user,
    workdir,
    inlineFiles,
  };
}

/** Variables of the config, ARGs over them, and the proxies of the build arguments where neither names them. */
function runEnvironment(state: StageState): Readonly<Record<string, string>> {
  return Object.fromEntries([
    ...proxyVariables(state.scope.buildArgs),
    ...envMap(state.config.config.Env),
    ...state.args,
  ]);
}

/**
 * A command that is one here-document and nothing else is that document: a script with a #! runs as a file, any
 * other text is what the shell runs. Otherwise the shell gets the command with its here-documents.
 */
function withHeredocs(instruction: RunInstruction): {
  command: CommandForm;
  inlineFiles: readonly InlineFile[];
} {
  const { command, heredocs } = instruction;
  const [first] = heredocs;
  if (first === undefined || command.form === 'exec') return { command, inlineFiles: [] };
  if (readHeredocMark(command.command) === undefined) {
    return {
      command: { form: 'shell', command: rejoin(command.command, heredocs) },
      inlineFiles: [],
    };
  }
  const content = bodyOf(first);
  if (!content.startsWith('#!'))
    return { command: { form: 'shell', command: content }, inlineFiles: [] };
  if (first.name.includes('/') || first.name === '..' || first.name === '.') {
    throw new InstructionFault(`${JSON.stringify(first.name)} cannot be the name of a script`, {
      hint: 'Name the here-document by one plain word.',
    });
  }
  const path = `${inlineDirectory}/${first.name}`;
  return {
    command: { form: 'shell', command: path },
    inlineFiles: [{ path, mode: 0o755, content }],
  };
}

/** The lines of a here-document; without leading tabs where it asks for that. */
export function bodyOf(heredoc: Heredoc): string {
  return heredoc.chomp ? heredoc.content.replace(/^\t+/gm, '') : heredoc.content;
}

function rejoin(command: string, heredocs: readonly Heredoc[]): string {
  return command + heredocs.map(({ name, content }) => `\n${content}${name}`).join('');
}
