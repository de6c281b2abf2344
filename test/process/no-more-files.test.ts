import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runChecked } from '../../src/process/run-command.ts';

const source = (path: string): string =>
  JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src', path)).href);

/** Opens files until the process may open no more, and starts processes then. */
const script = `
import { openSync } from 'node:fs';
import { runCommand } from ${source('process/run-command.ts')};
import { probeAnswer, probeDirectory } from ${source('disk/probe-directory.ts')};
try {
  for (;;) openSync('/dev/null', 'r');
} catch {}
for (const start of [() => runCommand('true', []), () => probeDirectory('/tmp'), () => probeAnswer('/tmp', 'read')])
  await start().catch(({ code, message, hint }) => console.log(JSON.stringify({ code, message, hint })));
`;

describe('a process that may open no more files', () => {
  it('is told so when it starts another one', async () => {
    const { stdout } = await runChecked(
      'sh',
      ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, '--input-type=module'],
      { input: script, timeoutMs: 30_000 },
    );
    const failures = stdout.toString().trim().split('\n');
    const exhausted = {
      code: 'resources_exhausted',
      message: 'cannot look whether /tmp can be used: too many open files (EMFILE)',
      hint: expect.stringContaining('ulimit -n'),
    };
    expect(failures.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { code: 'EMFILE' },
      exhausted,
      exhausted,
    ]);
  });
});
