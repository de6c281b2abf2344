import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { defaultHome } from '../config/config.ts';

// Compiled code is kept between runs, which halves the time of a short command; without a writable place it is not.
enableCompileCache(join(process.env['ASHLAR_HOME'] || defaultHome(), 'cache', 'node'));
const { runCli } = await import('./run-cli.ts');

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  isInteractive: process.stderr.isTTY,
});
