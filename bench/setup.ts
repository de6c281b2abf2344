import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTempDir } from '../src/index.ts';
import { appName, ashlarBuild, createApp, importAppBase } from './app.ts';
import { type Ashlar, ashlarIn, storedBytes } from './ashlar.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { type MeasuredRun, run, runMeasured } from './commands.ts';
import { interleave, summarizeRuns } from './rounds.ts';

const bench = 'setup';

/** What a build does at its end, by itself, on the application; each round as another user, so that nothing is known of it. */
export const setup: Benchmark = {
  name: bench,
  async run(context, sheet) {
    await using work = await createTempDir(context.workDir, bench);
    const app = await createApp(context, join(work.path, 'app'));
    const ashlar = ashlarIn(context, join(work.path, 'ashlar'));
    await importAppBase(context, ashlar, app);
    await run(context, ashlarBuild(context, ashlar, app));
    await buildFourfold(context, ashlar, join(work.path, 'fourfold'));
    const newBytes: number[] = [];
    const rounds = await interleave(
      context,
      {
        name: 'ashlar base setup',
        async measure(round) {
          const before = await storedBytes(ashlar.storeDir);
          const measured = await setUp(context, ashlar, { image: appName, user: `first${round}` });
          newBytes.push((await storedBytes(ashlar.storeDir)) - before);
          return measured;
        },
      },
      {
        name: 'the same once more',
        measure: (round) => setUp(context, ashlar, { image: appName, user: `first${round}` }),
      },
    );
    const larger = await interleave(
      context,
      {
        name: 'of four times as many files',
        measure: (round) => setUp(context, ashlar, { image: fourfoldName, user: `first${round}` }),
      },
      {
        name: 'another user of the first',
        measure: (round) => setUp(context, ashlar, { image: appName, user: `second${round}` }),
      },
    );
    const first = summarizeRuns(rounds.first);
    const alone = { bench, peer: null, ratio: null };
    sheet.add({
      ...alone,
      what: 'an image set up, command to tagged image',
      target: { bound: 'at most', limit: 1000, of: 'measured' },
      measured: first.wall,
    });
    sheet.add({
      ...alone,
      what: 'the same in processor time, which a busy machine changes less',
      target: null,
      measured: first.cpu,
    });
    sheet.add({
      ...alone,
      what: 'an image of four times as many files set up',
      target: { bound: 'at most', limit: 1000, of: 'measured' },
      measured: summarizeRuns(larger.first).wall,
    });
    sheet.add({
      ...alone,
      what: 'the same in processor time',
      target: null,
      measured: summarizeRuns(larger.first).cpu,
    });
    sheet.add({
      ...alone,
      what: 'the same once more',
      target: null,
      measured: summarizeRuns(rounds.second).wall,
    });
    sheet.add({
      ...alone,
      what: 'new objects in the store, the most of all rounds, the first with it',
      target: { bound: 'at most', limit: 2e6, of: 'measured' },
      measured: { value: Math.max(...newBytes), unit: 'bytes' },
    });
  },
};

const fourfoldName = 'bench-fourfold:latest';

/** The application with three copies of nearly all its files in it. */
async function buildFourfold(
  context: BenchContext,
  ashlar: Ashlar,
  directory: string,
): Promise<void> {
  await mkdir(directory);
  const copy = 'mkdir -p /more/$n && cp -ax /app /etc /opt /root /usr /var /more/$n/';
  const dockerfile = `FROM ${appName}\nRUN for n in 1 2 3; do ${copy}; done\n`;
  await writeFile(join(directory, 'Dockerfile'), dockerfile);
  const args = ['build', directory, '-t', fourfoldName, '--progress', 'plain', '--no-setup'];
  await run(context, ashlar.command(args));
}

function setUp(
  context: BenchContext,
  ashlar: Ashlar,
  { image, user }: { readonly image: string; readonly user: string },
): Promise<MeasuredRun> {
  const tag = `bench-set-up:${image.replaceAll(':', '-')}-${user}`;
  const args = ['base', 'setup', image, '--user', user, '-t', tag];
  return runMeasured(context, ashlar.command(args));
}
