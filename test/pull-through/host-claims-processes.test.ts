import { mkdir, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTempDir } from '../../src/disk/temp-dir.ts';
import { type ClaimsProcess, startClaimsProcess } from './claims-process.ts';

const processes = 20;
const keys = 50;
const turns = 4;
const kills = 6;

it('does each work on 50 keys once among 20 processes, some of which are killed', async () => {
  await using directory = await createTempDir(tmpdir(), 'ashlar-claims-many');
  await using stack = new AsyncDisposableStack();
  const claims = join(directory.path, 'claims');
  const folder = join(directory.path, 'work');
  await mkdir(folder);
  const start = (): ClaimsProcess =>
    stack.use(startClaimsProcess(['fetch', claims, String(keys), folder]));
  const running = Array.from({ length: processes }, start);
  await Promise.all(running.map((process) => process.said('ready')));
  for (const { child } of running) child.stdin?.write('go\n');
  const killed = new Set<string>();
  const killSome = async (): Promise<void> => {
    for (let round = 0; round < kills; round += 1) {
      await untilLogged(folder, round * 30 + 1);
      await pause(Math.random() * 30);
      const [pid = ''] = (await workers(folder)).reverse();
      const victim = running.find(({ child }) => String(child.pid) === pid);
      if (victim === undefined || victim.child.exitCode !== null) continue;
      killed.add(pid);
      await victim.kill();
      const next = start();
      next.child.stdin?.write('go\n');
      running.splice(running.indexOf(victim), 1, next);
    }
  };
  await killSome();
  await Promise.all(running.map(({ ended }) => ended));
  for (const { lines } of running) expect(lines).toEqual(['ready', 'finished']);
  const log = (await readFile(join(folder, 'log'), 'utf8')).trim().split('\n');
  const begun = log.map((line) => line.split(' ') as [string, string]);
  const byKey = Map.groupBy(begun, ([key]) => key);
  expect(byKey.size).toBe(keys * turns);
  for (const [key, works] of byKey) {
    const whole = works.filter(([, pid]) => !killed.has(pid));
    // One that was killed may have done its work already; else exactly one of those that lived did it.
    const byDead = works.length - whole.length;
    expect(whole.length, key).toBeLessThanOrEqual(1);
    expect(whole.length + byDead, key).toBeGreaterThanOrEqual(1);
  }
  expect(killed.size).toBeGreaterThan(0);
  const [boot = ''] = await readdir(claims);
  expect((await readdir(join(claims, boot))).filter((name) => name.endsWith('.claim'))).toEqual([]);
}, 60_000);

async function workers(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, 'log'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((pid) => pid !== '');
}

/** The processes share nothing but files, so that is where their progress is looked up. */
async function untilLogged(folder: string, count: number): Promise<void> {
  for (;;) {
    if ((await workers(folder)).length >= Math.min(count, keys * turns)) return;
    await pause(5);
  }
}
