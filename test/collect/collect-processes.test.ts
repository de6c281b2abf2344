import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { checkStore } from '../../src/collect/check-store.ts';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { createImageStore } from '../../src/image/image-store.ts';
import { setTag } from '../../src/image/references/tags.ts';
import { openObjectStore } from '../../src/store/open-object-store.ts';
import { pattern } from '../support/awkward-tree.ts';
import { scratchDir } from '../support/scratch.ts';
import { writeSample } from '../image/support/sample-image.ts';
import { collectOn, dayMs, hashDisk, hourMs } from './support/collect-fixture.ts';

const scratch = scratchDir('collect-processes');
const program = join(import.meta.dirname, 'support', 'collect-program.ts');

function startCollecting(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function end(child: ChildProcess): Promise<void> {
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

describe('a collection that is killed at any moment', () => {
  it('leaves nothing broken, and the next one goes on', async () => {
    const url = pathToFileURL(join(scratch, 'killed')).href;
    const home = join(scratch, 'killed-home');
    const store = await openObjectStore(url);
    using imageStore = createImageStore(store, home);
    const shared = pattern(300_000, 1);
    const kept = (await writeSample(imageStore, { shared })).digest;
    await setTag(store, { name: 'kept', image: kept, nowMs: 0 });
    const expected = await hashDisk(imageStore, kept);
    for (let round = 0; round < 8; round += 1) {
      // Something unused, something mostly dead, something in quarantine of the round before.
      using writer = createImageStore(store, home);
      await writeSample(writer, { shared, bulk: pattern(1_500_000, 10 + round) });
      const live = (await writeSample(writer, { part: pattern(200_000, 10 + round) })).digest;
      await setTag(store, { name: 'live', image: live, nowMs: 0 });
      const child = startCollecting([url, home, '30', '24']);
      if (child.stdout !== null) await once(child.stdout, 'data');
      await pause(Math.random() * 150);
      await end(child);
      expect((await checkStore(imageStore, null)).damages).toEqual([]);
      expect(await hashDisk(imageStore, kept)).toBe(expected);
    }
    await collectOn(imageStore, Date.now() + 60 * dayMs);
    await collectOn(imageStore, Date.now() + 90 * dayMs);
    await collectOn(imageStore, Date.now() + 120 * dayMs);
    expect((await checkStore(imageStore, null)).damages).toEqual([]);
    expect(await hashDisk(imageStore, kept)).toBe(expected);
  });
});

describe('a collection while another process writes', () => {
  /** Writes and tags images while the other process collects; gives how many were refused with a name. */
  async function writeBeside(name: string, graceHours: string): Promise<number> {
    const url = pathToFileURL(join(scratch, name)).href;
    const home = join(scratch, `${name}-home`);
    const store = await openObjectStore(url);
    using imageStore = createImageStore(store, home);
    const child = startCollecting([url, home, '0', graceHours]);
    let refused = 0;
    try {
      if (child.stdout !== null) await once(child.stdout, 'data');
      for (let round = 0; round < 12; round += 1) {
        using writer = createImageStore(store, home);
        const files = { shared: pattern(300_000, 1), own: pattern(200_000, round % 3) };
        try {
          const { digest } = await writeSample(writer, files);
          await setTag(store, { name: `image-${round % 3}`, image: digest, nowMs: 0 });
          await hashDisk(writer, digest);
        } catch (error) {
          const isFair =
            error instanceof AshlarError &&
            ['image_not_found', 'pack_missing'].includes(error.code);
          if (!isFair) throw error;
          refused += 1;
        }
      }
    } finally {
      await end(child);
    }
    expect((await checkStore(imageStore, null)).damages).toEqual([]);
    return refused;
  }

  it('within the grace period disturbs nothing', async () => {
    expect(await writeBeside('grace', '1')).toBe(0);
  });

  it('without any grace period breaks nothing either', async () => {
    expect(await writeBeside('no-grace', '0')).toBeLessThan(12);
  });

  it('of a store on which nothing was written for long finds nothing to do twice', async () => {
    const store = await openObjectStore(pathToFileURL(join(scratch, 'idle')).href);
    using imageStore = createImageStore(store, null);
    const { digest } = await writeSample(imageStore, { file: pattern(100_000, 1) });
    await setTag(store, { name: 'kept', image: digest, nowMs: 0 });
    for (let round = 0; round < 2; round += 1) {
      const report = await collectOn(imageStore, Date.now() + 300 * dayMs, { graceMs: hourMs });
      expect(report).toMatchObject({
        removedImages: [],
        quarantined: [],
        deleted: [],
        rewritten: [],
      });
    }
  });
});
