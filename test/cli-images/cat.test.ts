import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { scratchDir } from '../support/scratch.ts';
import { bulk, createCli, errorIn, makeTar } from './support/cli.ts';

const scratch = scratchDir('cli-cat');
const cli = createCli(join(scratch, 'home'));
const mib = 1024 * 1024;
const largeBytes = 200 * mib;
let expected = '';

beforeAll(async () => {
  const large = bulk(largeBytes);
  expected = createHash('sha256').update(large).digest('hex');
  const archive = makeTar(join(scratch, 'large.tar'), { large, small: 'small\n' });
  await cli.run('image', 'import', `tar:${archive}`, '-t', 'large', '--disk', '512M');
});

/** The most memory that a running process has had, in bytes: proc(5), VmHWM. */
function peakOf({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

describe('image cat', () => {
  it('of 200 MB takes no more memory than of 30 MB, however slowly it is read', async () => {
    const child = cli.start('image', 'cat', 'large', '/large');
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) throw new Error('no pipes');
    const errors = text(stderr);
    const exited = once(child, 'exit');
    const hash = createHash('sha256');
    let readBytes = 0;
    let early = 0;
    let late = 0;
    for await (const part of stdout as AsyncIterable<Buffer>) {
      hash.update(part);
      readBytes += part.length;
      if (readBytes < 30 * mib) early = peakOf(child);
      else if (readBytes > 190 * mib && readBytes < largeBytes - mib) late = peakOf(child);
    }
    expect([hash.digest('hex'), await errors, await exited]).toEqual([expected, '', [0, null]]);
    expect(late).toBeGreaterThan(0);
    expect(late - early).toBeLessThan(60 * mib);
    expect(late).toBeLessThan(300 * mib);
  });

  it.each([
    ['head -c 10', '0 0 0 0 0 '],
    ['true', ''],
  ])('ends without a word when its reader does: %s', async (reader, output) => {
    const program = join(import.meta.dirname, '../../bin/ashlar');
    const script = `"$0" image cat large /large | ${reader}; printf ' %s' "\${PIPESTATUS[0]}"`;
    const child = spawn('bash', ['-c', script, program], { env: cli.env });
    const outcome = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    expect(outcome).toEqual([`${output} 0`, '', [0, null]]);
  });

  it('of a large file is not put into a JSON document', async () => {
    const { exitCode, document } = await cli.json('image', 'cat', 'large', '/large');
    expect([exitCode, errorIn(document).code]).toEqual([2, 'invalid_request']);
  });

  it('ends at ctrl-C', async () => {
    const child = cli.start('image', 'cat', 'large', '/large');
    if (child.stdout === null || child.stderr === null) throw new Error('no pipes');
    const errors = text(child.stderr);
    await once(child.stdout, 'readable');
    child.kill('SIGINT');
    const exited = once(child, 'exit');
    child.stdout.resume();
    expect(await exited).toEqual([130, null]);
    expect(await errors).toContain('interrupted');
  });
});
