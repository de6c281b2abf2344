import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTempDir } from '../../src/disk/temp-dir.ts';

const worker = join(import.meta.dirname, 'open-usage-worker.ts');
const rounds = 6;

it('processes that open a new index at once, and are killed soon, do not shut each other out', async () => {
  await using directory = await createTempDir(tmpdir(), 'usage-opening');
  for (let round = 0; round < rounds; round += 1) {
    const file = join(directory.path, `round-${round}`, 'usage.sqlite');
    const children = Array.from({ length: 5 }, () => fork(worker, { stdio: 'inherit' }));
    await Promise.all(children.map((child) => once(child, 'message')));
    const ends = children.map((child) => endOf(child));
    children.forEach((child, index) => child.send({ file, aliveMs: index * 5 }));
    expect(await Promise.all(ends)).toEqual(children.map(() => 'SIGKILL'));
  }
}, 60_000);

async function endOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal ?? code ?? 0;
}
