import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findAsker, type StepProcess } from '../../../builder/run/step-processes.ts';
import { scratchDir } from '../../support/scratch.ts';

const scratch = scratchDir('step-processes');

/** A hostile program of a step: a process of this machine that connects here, and what is found of it. */
async function asked<Result>(
  script: string,
  look: (asker: StepProcess | null) => Promise<Result>,
): Promise<Result> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connect = `require('node:net').connect(${port}, '127.0.0.1')`;
  const child = spawn('sh', ['-c', script], {
    env: { PATH: process.env['PATH'], CONNECT: connect, NODE: process.execPath },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  try {
    const ended = once(child, 'exit').then(() => {
      throw new Error('the program ended before it connected');
    });
    ended.catch(() => {});
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const [socket] = await Promise.race([connected, ended]);
    const { remotePort: stepPort = 0 } = socket;
    const connection = { stepPort, takenAddress: '127.0.0.1', takenPort: port };
    const result = await look(await findAsker({ proc: '/proc', root: '/' }, connection));
    socket.destroy();
    return result;
  } finally {
    child.kill('SIGKILL');
    server.close();
  }
}

/** Of the C library, which leaves it empty; null where it has none. */
function smallLibrary(): string | null {
  for (const root of ['/lib', '/lib64', '/usr/lib', '/usr/lib64'])
    for (const directory of existsSync(root) ? ['.', ...readdirSync(root)] : []) {
      const path = join(root, directory, 'libdl.so.2');
      if (existsSync(path)) return path;
    }
  return null;
}

describe('what is read of a program that connects', () => {
  it('is what it was started with', async () => {
    const [argv, environment] = await asked(
      'MARK=a=b exec "$NODE" -e "$CONNECT"',
      async (asker) => [await asker?.argv(), await asker?.environment()],
    );
    expect(argv).toEqual([process.execPath, '-e', expect.stringContaining('connect('), '']);
    expect(environment).toEqual(expect.objectContaining({}));
    expect((environment as ReadonlyMap<string, string>).get('MARK')).toBe('a=b');
  });

  it('is nothing where its environment has no end', async () => {
    // The most that the kernel takes of a new program; a running one may put its environment over all that it has.
    const script = `ulimit -s unlimited; word=$(head -c 120000 /dev/zero | tr '\\0' x)
      for number in $(seq 45); do export "WORD$number=$word"; done; exec "$NODE" -e "$CONNECT"`;
    expect(await asked(script, async (asker) => asker?.environment())).toBeNull();
  });

  it('is no more than a few of the libraries that it has mapped', async ({ skip }) => {
    const library = smallLibrary();
    skip(library === null, 'needs libdl.so.2');
    const copies = Array.from({ length: 12 }, (_, number) => join(scratch, `libnode.so.${number}`));
    for (const copy of copies) copyFileSync(library ?? '', copy);
    const script = `LD_PRELOAD='${copies.join(' ')}' exec "$NODE" -e "$CONNECT"`;
    const files = await asked(script, async (asker) => asker?.openProgram('/libnode.so'));
    // The program itself, and four of them.
    expect(files).toHaveLength(5);
    for (const file of files ?? []) await file.close();
  });

  it('is not looked for among more descriptors than any client of packages has', async () => {
    const script = `ulimit -n 50000 2>/dev/null; exec "$NODE" -e "
      const { closeSync, openSync } = require('node:fs');
      const files = [];
      try { while (files.length < 30000) files.push(openSync('/dev/null')); } catch {}
      for (const file of files.slice(-20)) closeSync(file);
      $CONNECT"`;
    const before = process.hrtime.bigint();
    const asker = await asked(script, async (found) => found);
    expect(asker === null || typeof asker.id === 'string').toBe(true);
    expect(Number(process.hrtime.bigint() - before) / 1e9).toBeLessThan(20);
  });
});
