import { Command, Option } from 'commander';
import { addImageCommands } from './program-image.ts';
import { addStoreCommands } from './program-store.ts';
import type { CommandContext } from './command-context.ts';
import type { CommandResult, OutputForm, Terminal } from './terminal.ts';

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

/** The whole command line. Commands load their code when they run, so that each starts at once. */
export function createProgram(perform: Perform, terminal: Terminal): Command {
  const program = new Command('ashlar')
    .description('Builds Dockerfiles into bootable, content-addressed VM images.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      // Errors are printed by the caller, in the form that was asked for.
      writeErr: () => {},
    })
    .showSuggestionAfterError();
  addImageCommands(program, perform);
  addStoreCommands(program, perform);
  return program;
}

/** Adds the options of every command; `--output` says in which form the result is. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--store <url>', 'where images are kept: file:///dir or s3://bucket/prefix?endpoint=URL (ASHLAR_STORE)')
    .addOption(new Option('--output <form>', 'form of the result on stdout').choices(['text', 'json']).default('text'));
}
