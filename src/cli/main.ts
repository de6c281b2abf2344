import { enableCompileCache } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { defaultHome } from '../config/config.ts';
import { probeDirectory } from '../disk/probe-directory.ts';

const home = process.env['ASHLAR_HOME'] || defaultHome();
const homeProblem = isAbsolute(home) ? await probeDirectory(home) : undefined;

// Compiled code is kept between runs, which halves the time of a short command; without a writable place it is not.
if (homeProblem === null) enableCompileCache(join(home, 'cache', 'node'));
const { runCli } = await import('./run-cli.ts');

const terminal = {
  stdout: process.stdout,
  stderr: process.stderr,
  isInteractive: process.stderr.isTTY,
};
// The clock of `performance.now` begins with the process.
process.exitCode = await runCli(process.argv.slice(2), terminal, { homeProblem, startedMs: 0 });
