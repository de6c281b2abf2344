import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImageStore } from '../../src/index.ts';
import { openObjectStore } from '../../src/store/open-object-store.ts';
import { compareDisks } from '../builder/build/compare-disks.ts';
import { type CliBench, createCliBench, whyNoSteps } from './cli-bench.ts';

const dockerfile = `FROM base:test AS one
RUN echo one >/one; sleep 0.1
COPY tree /tree
RUN <<script
#!/bin/sh
sleep 0.1; rm -r /data/sub; echo two >/two; head -c 3000000 /dev/urandom >/large
script
FROM base:test
COPY --from=one /tree /one /two /large /out/
WORKDIR /made
RUN (sleep 1000 &); cat /out/one /out/two; sleep 0.1
`;
const good = `FROM base:test
RUN echo good >/good; cat /data/a
COPY tree /tree
`;
const kills = 10;
const context = { 'tree/a': 'a', 'tree/b/c': 'c', 'tree/large': 'x'.repeat(2_000_000) };
let bench: CliBench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createCliBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

/** What is left but for what only the next start removes: files, and the cgroups of their steps. */
async function alive(): Promise<string[]> {
  return (await bench.leftovers()).filter((line) => !/^(?:file|cgroup) /.test(line));
}

/** A temporary of a store that others may share is left for a day before anybody takes it for one of a dead writer. */
async function leftHere(): Promise<string[]> {
  return (await bench.leftovers()).filter((line) => !line.includes('/store/~tmp/'));
}

async function untilNothingIsAlive(): Promise<void> {
  let found = ['not looked yet'];
  for (let attempt = 0; attempt < 200 && found.length > 0; attempt += 1) {
    found = await alive();
    if (found.length > 0) await delay(20);
  }
  expect(found).toEqual([]);
}

describe.skipIf(whyNoSteps !== '')(`a build that is killed ${whyNoSteps}`, () => {
  it('leaves nothing running, a good store, and nothing after the next build', async () => {
    const directory = await bench.context({ ...context, Dockerfile: dockerfile });
    const other = await bench.context(context);
    const args = ['build', directory, '--no-cache', '--network', 'none', '-t', 'killed'];
    const wholeMs = await measured(() => bench.run(args));
    const random = randomNumbers(20_261_122);
    for (let round = 0; round < kills; round += 1) {
      const running = bench.start(args);
      await delay(60 + ((round + random()) / kills) * wholeMs);
      running.child.kill('SIGKILL');
      const { exitCode, signal } = await running.result;
      expect([exitCode, signal].filter((one) => one !== null)).toHaveLength(1);
      await untilNothingIsAlive();
      const check = await bench.run(['store', 'fsck']);
      expect([check.exitCode, check.stderr]).toEqual([0, '']);
      const built = await bench.build(good, { context: other, args: ['-t', 'good'] });
      expect([built.exitCode, built.stderr]).toEqual([
        0,
        expect.stringContaining('base base:test'),
      ]);
      expect(await leftHere()).toEqual([]);
    }
    const last = await bench.build(dockerfile, { context: directory, args: ['-t', 'killed'] });
    expect(last.exitCode).toBe(0);
    // Each disk that a killed build had claimed and changed is gone.
    const objects = await openObjectStore(bench.env['ASHLAR_STORE'] ?? '');
    using store = createImageStore(objects, null);
    const disks = await compareDisks(store, bench);
    expect(disks.map(({ difference }) => difference)).toEqual(disks.map(() => ''));
    expect(disks).not.toEqual([]);
    expect((await bench.run(['image', 'cat', 'killed', '/out/two'])).stdout).toBe('two\n');
    expect((await bench.run(['store', 'fsck'])).exitCode).toBe(0);
    expect(await leftHere()).toEqual([]);
  });
});

async function measured(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** Numbers from 0 to 1, the same in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}
