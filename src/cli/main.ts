import { enableCompileCache } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { defaultHome } from '../config/config.ts';
import { probeDirectory } from '../disk/probe-directory.ts';
import { exitCodeOfClass } from '../errors/exit-codes.ts';

const home = process.env['ASHLAR_HOME'] || defaultHome();
const terminal = {
  stdout: process.stdout,
  stderr: process.stderr,
  isInteractive: process.stderr.isTTY,
};

// What nobody waited for would end the process with a stack and with 1, which is the code for authors.
process.on('uncaughtException', (error) => void crash(error));

const homeProblem = isAbsolute(home) ? await probeDirectory(home) : undefined;

// Compiled code is kept between runs, which halves the time of a short command; without a writable place it is not. Where
// bin/ashlar has found one, that stays.
if (homeProblem === null) enableCompileCache(join(home, 'cache', 'node'));
const { runCli } = await import('./run-cli.ts');

// The clock of `performance.now` begins with the process.
process.exitCode = await runCli(process.argv.slice(2), terminal, { homeProblem, startedMs: 0 });

async function crash(error: unknown): Promise<void> {
  let exitCode = exitCodeOfClass.platform;
  try {
    const { reportCrash } = await import('./report-crash.ts');
    exitCode = reportCrash(error, terminal, home);
  } finally {
    process.exit(exitCode);
  }
}
