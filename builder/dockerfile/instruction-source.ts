import type { CommandForm, Heredoc, SourceRange } from './instruction.ts';
import { type JsonForm, readJsonForm, refuseNul } from './json-form.ts';
import type { EscapeCharacter } from './parser-directives.ts';
import { type DockerfileWarning, InstructionFault } from './problems.ts';

/** One instruction cut into keyword, flags and the rest, as its parser gets it. */
export interface InstructionSource {
  /** In upper case. */
  readonly keyword: string;
  readonly writtenKeyword: string;
  readonly flags: readonly string[];
  /** The text behind the flags, without white space at its ends. */
  readonly rest: string;
  readonly heredocs: readonly Heredoc[];
  readonly escape: EscapeCharacter;
  readonly range: SourceRange;
  readonly original: string;
  readonly warn: (warning: Omit<DockerfileWarning, 'line'>) => void;
}

/** The fields that every instruction has. */
export function commonOf(source: InstructionSource): {
  readonly range: SourceRange;
  readonly original: string;
} {
  return { range: source.range, original: source.original };
}

/** The command of RUN, CMD and ENTRYPOINT. A list that is not JSON runs in the shell, as with Docker, and is warned of. */
export function readCommand(source: InstructionSource, text = source.rest): CommandForm {
  const json = readJsonForm(text);
  if (json.kind === 'list') {
    refuseNul(json.items);
    return { form: 'exec', argv: json.items };
  }
  if (json.kind === 'not-strings') throw notStrings(source);
  if (json.kind === 'malformed') {
    source.warn({
      rule: 'MalformedJsonForm',
      message: `${source.keyword} looks like a JSON list but is none, so it runs in the shell; JSON wants double quotes`,
    });
  }
  if (text === '') {
    throw new InstructionFault(`${source.keyword} needs a command`, {
      hint: `Write ${source.keyword} ["program", "argument"] or ${source.keyword} command.`,
    });
  }
  return { form: 'shell', command: text };
}

/** The words of COPY, ADD and VOLUME in JSON form; undefined in the other form. Throws where JSON was meant. */
export function readList(source: InstructionSource): readonly string[] | undefined {
  const json: JsonForm = readJsonForm(source.rest);
  if (json.kind === 'not-strings') throw notStrings(source);
  if (json.kind === 'malformed') throw malformed(source);
  if (json.kind === 'list') {
    refuseNul(json.items);
    return json.items;
  }
  return undefined;
}

export function malformed(source: InstructionSource): InstructionFault {
  return new InstructionFault(`the list of ${source.keyword} is not valid JSON`, {
    hint: 'JSON wants double quotes, commas between the words and a closing bracket; backslashes are doubled.',
  });
}

function notStrings(source: InstructionSource): InstructionFault {
  return new InstructionFault(`the list of ${source.keyword} holds something else than strings`, {
    hint: 'Write each word in double quotes.',
  });
}
