import { appendFile, readFile, readlink, symlink, unlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemErrorCode } from '../../src/errors/ashlar-error.ts';
import { openHostClaims } from '../../src/pull-through/host-claims.ts';

/**
 * A process that claims keys below argv[3]:
 *
 * `hold KEYS` claims `key-0` to `key-<KEYS-1>`, says `held` and waits; a line on its input makes it release them and say
 * `released`. `fetch KEYS FOLDER` says `ready`, and after a line on its input does the work of each key, several times
 * over, each unless it was done: FOLDER gets `done-KEY-TURN`, a line `KEY-TURN PID` in `log` when the work begins, and
 * `judge-KEY` while it is under way, by which two that work at once are found out. Says `violation ...` or `stuck ...`
 * for what must not be.
 */
const [mode = '', directory = '', count = '0', folder = ''] = process.argv.slice(2);
const keys = Array.from({ length: Number(count) }, (_, index) => `key-${index}`);
const claims = await openHostClaims(directory);
const stuckMs = 30_000;

if (mode === 'hold') await hold();
if (mode === 'fetch') {
  say('ready');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  const tasks = [1, 2, 3, 4].flatMap((turn) => shuffled(keys).map((key) => ({ key, turn })));
  const run = async (): Promise<void> => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await fetchOnce(task);
  };
  await Promise.all([run(), run(), run(), run()]);
  await claims[Symbol.asyncDispose]();
  say('finished');
  process.stdin.unref();
}

async function hold(): Promise<void> {
  const held = await Promise.all(keys.map((key) => claims.claim(key)));
  say(held.every(({ kind }) => kind === 'mine') ? 'held' : 'violation: not mine');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  for (const claim of held) if (claim.kind === 'mine') await claim.release();
  say('released');
  process.stdin.unref();
}

interface Task {
  readonly key: string;
  readonly turn: number;
}

async function fetchOnce(task: Task): Promise<void> {
  const done = join(folder, `done-${task.key}-${task.turn}`);
  while (!existsSync(done)) {
    const claim = await claims.claim(task.key);
    if (claim.kind === 'mine') {
      if (!existsSync(done)) await work(task, done);
      await claim.release();
    } else {
      const late = new AbortController();
      const lateness = pause(stuckMs, 'stuck', { signal: late.signal }).catch(() => 'ended');
      if ((await Promise.race([claim.ended, lateness])) === 'stuck') say(`stuck on ${task.key}`);
      late.abort();
    }
  }
}

async function work({ key, turn }: Task, done: string): Promise<void> {
  const judge = join(folder, `judge-${key}`);
  await appendFile(join(folder, 'log'), `${key}-${turn} ${process.pid}\n`);
  await enter(judge);
  await pause(Math.random() * 40);
  await writeFile(done, '');
  await unlink(judge);
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

async function enter(judge: string): Promise<void> {
  try {
    await symlink(String(process.pid), judge);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    const other = await readlink(judge);
    if (!(await isDying(other))) say(`violation: ${judge} while ${other} works`);
    await unlink(judge);
    await enter(judge);
  }
}

/** A process that is killed loses its sockets a moment before it counts as dead. */
async function isDying(pid: string): Promise<boolean> {
  for (let tries = 0; tries < 50; tries += 1) {
    if (!(await isAlive(pid))) return true;
    await pause(20);
  }
  return false;
}

/** A process that was killed and not yet waited for is dead. */
async function isAlive(pid: string): Promise<boolean> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3) !== 'Z';
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(systemErrorCode(error) ?? '')) return false;
    throw error;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
