import { Command } from 'commander';
import packageFile from '../../package.json' with { type: 'json' };
import { addBaseCommands } from './program-base.ts';
import { addBuildCommands } from './program-build.ts';
import { addImageCommands } from './program-image.ts';
import { addLockfileCommands } from './program-lockfile.ts';
import { addMatrixCommands } from './program-matrix.ts';
import { addMirrorCommands } from './program-mirror.ts';
import { addRegistryCacheCommands } from './program-registry-cache.ts';
import { addStoreCommands } from './program-store.ts';
import { addTrustCommands } from './program-trust.ts';
import type { Perform } from './common-options.ts';
import type { Terminal } from './terminal.ts';

const { version } = packageFile;

/** The whole command line. Commands load their code when they run, so that each starts at once. */
export function createProgram(perform: Perform, terminal: Terminal): Command {
  const program = new Command('ashlar')
    .description('Builds Dockerfiles into bootable, content-addressed VM images.')
    .version(version, '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      // Help for somebody who did not ask for it.
      writeErr: (text) => terminal.stderr.write(text),
      // Errors are printed by the caller, in the form that was asked for.
      outputError: () => {},
    })
    .showSuggestionAfterError();
  addBuildCommands(program, perform);
  addImageCommands(program, perform);
  addBaseCommands(program, perform);
  addStoreCommands(program, perform);
  addMatrixCommands(program, perform);
  addMirrorCommands(program, perform);
  addLockfileCommands(program, perform);
  addTrustCommands(program, perform);
  addRegistryCacheCommands(program, perform);
  return program;
}
