import { join } from 'node:path';
import { AshlarError, createTempDir } from '../src/index.ts';
import { ashlarBuild, createApp, importAppBase } from './app.ts';
import { ashlarIn } from './ashlar.ts';
import type { Benchmark } from './benchmark.ts';
import { run } from './commands.ts';

const bench = 'same-digest';

/** Any time in the past will do: 2025-01-01. */
const epoch = { SOURCE_DATE_EPOCH: '1735689600' };

/** Builds the same Dockerfile twice without a cache, in stores that know nothing of each other. */
export const sameDigest: Benchmark = {
  name: bench,
  async run(context, sheet) {
    await using work = await createTempDir(context.workDir, bench);
    const app = await createApp(context, join(work.path, 'app'));
    const digests: string[] = [];
    for (const name of ['one', 'two']) {
      const ashlar = ashlarIn(context, join(work.path, name));
      await importAppBase(context, ashlar, app);
      const command = ashlarBuild(context, ashlar, app, { args: ['--no-cache'], env: epoch });
      digests.push(digestIn((await run(context, command)).stdout));
    }
    sheet.note(`${bench}: ${digests.join(' and ')}.`);
    sheet.add({
      bench,
      what: 'different digests of two builds without cache, with SOURCE_DATE_EPOCH, in two stores',
      target: { bound: 'at most', limit: 1, of: 'measured' },
      measured: { value: new Set(digests).size, unit: 'digests' },
      peer: null,
      ratio: null,
    });
  },
};

function digestIn(stdout: string): string {
  const { digest } = JSON.parse(stdout) as { digest?: unknown };
  if (typeof digest === 'string') return digest;
  throw new AshlarError('internal', 'ashlar build gave no digest');
}
