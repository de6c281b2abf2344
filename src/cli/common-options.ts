import { type Command, Option } from 'commander';
import type { CommandContext } from './command-context.ts';
import type { CommandResult, OutputForm } from './terminal.ts';

/** The options that every command takes. */
export interface CommonOptions {
  readonly store?: string;
  readonly output: OutputForm;
}

/** A result whose exit code is its own, as that of a booted command. */
export type FinishedCommand = CommandResult & { readonly exitCode?: number };

/** Runs a command with its context and prints what it gives. */
export type Perform = (
  options: CommonOptions,
  command: (context: CommandContext) => Promise<FinishedCommand>,
) => Promise<void>;

/** What an argument that names an image may be. */
export const refWords = 'an image: a tag, a digest, or its first eight or more digits';

/** Adds the options of every command; `--output` says in which form the result is. */
export function withCommonOptions(command: Command): Command {
  return command
    .option(
      '--store <url>',
      'where images are kept: file:///dir or s3://bucket/prefix?endpoint=URL (ASHLAR_STORE)',
    )
    .addOption(
      new Option('--output <form>', 'form of the result on stdout')
        .choices(['text', 'json'])
        .default('text'),
    );
}

/** Not `<value...>`, which takes the arguments of the command that stand behind it too. */
export function repeated(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value];
}
