import { type FlagValues, readFlagValues } from './flag-values.ts';
import { splitWords } from './go-text.ts';
import { readHeredocMark } from './heredoc-marks.ts';
import type { AddInstruction, CopyInstruction, Heredoc } from './instruction.ts';
import { commonOf, type InstructionSource, readList } from './instruction-source.ts';
import { InstructionFault } from './problems.ts';

/** `COPY [FLAGS] SOURCE ... DESTINATION`, or the same as a JSON list */
export function parseCopy(source: InstructionSource): CopyInstruction {
  const flags = readFlagValues('COPY', source.flags, {
    from: 'text',
    chown: 'text',
    chmod: 'text',
    link: 'boolean',
    parents: 'boolean',
    exclude: 'list',
  });
  const from = flags.text('from');
  if (from === '' || from?.includes('$')) {
    throw new InstructionFault(
      from === '' ? 'the flag --from is empty' : 'variables are not replaced in --from',
      {
        hint: 'Give the image a stage of its own, FROM ${IMAGE} AS name, and copy --from=name.',
        place: { flag: 'from' },
      },
    );
  }
  const parents = flags.boolean('parents') ?? false;
  return { ...commonOf(source), ...readOperands(source, flags), kind: 'copy', from, parents };
}

/** `ADD [FLAGS] SOURCE ... DESTINATION`, or the same as a JSON list */
export function parseAdd(source: InstructionSource): AddInstruction {
  const flags = readFlagValues('ADD', source.flags, {
    chown: 'text',
    chmod: 'text',
    link: 'boolean',
    'keep-git-dir': 'boolean',
    checksum: 'text',
    unpack: 'boolean',
    exclude: 'list',
  });
  return {
    ...commonOf(source),
    ...readOperands(source, flags),
    kind: 'add',
    keepGitDir: flags.boolean('keep-git-dir'),
    checksum: flags.text('checksum'),
    unpack: flags.boolean('unpack'),
  };
}

type Operands = Omit<CopyInstruction, 'kind' | 'range' | 'original' | 'from' | 'parents'>;

function readOperands(source: InstructionSource, flags: FlagValues): Operands {
  const list = readList(source);
  const words = list ?? splitWords(source.rest);
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2) {
    throw new InstructionFault(`${source.keyword} needs a source and a destination`, {
      hint: `Write ${source.keyword} source destination.`,
    });
  }
  if (list === undefined && readHeredocMark(destination) !== undefined) {
    throw new InstructionFault(`${source.keyword} cannot write to a here-document`, {
      hint: 'The destination is the last word.',
    });
  }
  const operands = words.slice(0, -1);
  // A list has no here-documents; a word of it that looks like one is the name of a file.
  const { sources, heredocs } =
    list === undefined ? separateHeredocs(source, operands) : { sources: operands, heredocs: [] };
  return {
    sources,
    heredocs,
    destination,
    chown: flags.text('chown'),
    chmod: flags.text('chmod'),
    link: flags.boolean('link') ?? false,
    excludes: flags.list('exclude'),
  };
}

function separateHeredocs(
  source: InstructionSource,
  words: readonly string[],
): { sources: string[]; heredocs: Heredoc[] } {
  const pending = [...source.heredocs];
  const sources: string[] = [];
  const heredocs: Heredoc[] = [];
  for (const word of words) {
    const mark = readHeredocMark(word);
    if (mark === undefined) sources.push(word);
    else heredocs.push(takeHeredoc(source, mark.name, pending));
  }
  if (pending.length > 0) {
    throw new InstructionFault(
      `the here-document ${pending[0]?.name ?? ''} is no source by itself`,
      {
        hint: 'Write <<NAME as one word, without white space.',
      },
    );
  }
  return { sources, heredocs };
}

/** Its name becomes the name of a file where the destination is a directory. */
function takeHeredoc(source: InstructionSource, name: string, pending: Heredoc[]): Heredoc {
  const heredoc = pending.shift();
  if (heredoc === undefined || heredoc.name !== name) {
    throw new InstructionFault(`the here-document ${name} of ${source.keyword} has no body`);
  }
  if (name === '.' || name === '..' || name.includes('/')) {
    throw new InstructionFault(`${JSON.stringify(name)} cannot be the name of a file`, {
      hint: 'Name the here-document by one plain word.',
    });
  }
  return heredoc;
}
