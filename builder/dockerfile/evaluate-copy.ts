import { posix } from 'node:path';
import type { Expander } from './expander.ts';
import type { AddInstruction, CopyInstruction } from './instruction.ts';
import { bodyOf } from './evaluate-run.ts';
import { type ModeChange, parseModeChange } from './mode-change.ts';
import { checkPathLimits } from './path-limits.ts';
import { InstructionFault } from './problems.ts';
import type { StageState } from './stage-state.ts';
import type { CopyFrom, CopyStep } from './step.ts';
import { remoteSourceFault, unsupportedFeatures } from './unsupported.ts';

/** What a COPY or ADD copies where, once its words are expanded. */
export function evaluateCopy(
  state: StageState,
  instruction: CopyInstruction | AddInstruction,
  { expander, from }: { expander: Expander; from: CopyFrom | undefined },
): CopyStep {
  const [unsupported] = unsupportedFeatures(instruction);
  if (unsupported !== undefined) throw unsupported;
  const keyword = instruction.kind === 'add' ? 'ADD' : 'COPY';
  const chown = expandFlag(expander, instruction.chown);
  const chmod = readChmod(expandFlag(expander, instruction.chmod));
  const sources = instruction.sources.map((source) => expander.word(source));
  const destination = resolveDestination(state, expander.word(instruction.destination));
  checkPathLimits(keyword, destination);
  const heredocs = instruction.heredocs.map((heredoc) => {
    const body = bodyOf(heredoc);
    return { name: heredoc.name, content: heredoc.expand ? expander.heredoc(body) : body };
  });
  for (const source of keyword === 'ADD' ? sources : []) {
    const remote = remoteSourceFault(source);
    if (remote !== undefined) throw remote;
  }
  refuseRemoteCopy(keyword, sources);
  const fields = { keyword, sources, heredocs, destination, chown, chmod } as const;
  return {
    kind: 'copy',
    range: instruction.range,
    original: instruction.original,
    cacheText: JSON.stringify(['copy', fields]),
    ...fields,
    from,
    extractTar: keyword === 'ADD' ? 'archives' : 'no',
  };
}

/**
 * The absolute path of a destination, with a slash at its end where it names a directory: written so, or `.`, `..`
 * or nothing.
 */
function resolveDestination(state: StageState, destination: string): string {
  const workdir = state.config.config.WorkingDir ?? '/';
  const path = posix.resolve('/', workdir, destination);
  const directory = destination === '' || /(?:^|\/)\.{0,2}$/.test(destination);
  return directory && path !== '/' ? `${path}/` : path;
}

/** An empty flag is as good as none. */
function expandFlag(expander: Expander, text: string | undefined): string | undefined {
  const value = text === undefined ? '' : expander.word(text);
  return value === '' ? undefined : value;
}

function readChmod(text: string | undefined): ModeChange | undefined {
  if (text === undefined) return undefined;
  const change = parseModeChange(text);
  if (change === undefined) {
    throw new InstructionFault(`--chmod is no mode: ${JSON.stringify(text)}`, {
      hint: 'Write an octal number up to 7777, or changes as for chmod, like u+x.',
      place: { flag: 'chmod' },
    });
  }
  return change;
}

function refuseRemoteCopy(keyword: string, sources: readonly string[]): void {
  if (keyword !== 'COPY') return;
  const url = sources.find((source) => /^https?:\/\//.test(source));
  if (url === undefined) return;
  throw new InstructionFault('COPY cannot copy from a URL', {
    hint: 'Download it in a RUN, or put the file into the context.',
  });
}
