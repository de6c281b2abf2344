import { Command } from 'commander';
import { addBuildCommands } from './program-build.ts';
import { addImageCommands } from './program-image.ts';
import { addStoreCommands } from './program-store.ts';
import type { Perform } from './common-options.ts';
import type { Terminal } from './terminal.ts';

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
  addBuildCommands(program, perform);
  addImageCommands(program, perform);
  addStoreCommands(program, perform);
  return program;
}
