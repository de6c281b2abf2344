import { createTempDir } from '../src/index.ts';
import { ashlarBuild, buildahBuild } from './app.ts';
import type { Benchmark } from './benchmark.ts';
import { buildAppOnce } from './built-app.ts';
import { run } from './commands.ts';
import { interleave, summarize } from './rounds.ts';

const bench = 'nothing-changed';

/** The same build once more. buildah stands beside it without a disk: the one of the last build is still right. */
export const nothingChanged: Benchmark = {
  name: bench,
  async run(context, sheet) {
    await using work = await createTempDir(context.workDir, bench);
    await using built = await buildAppOnce(context, work.path);
    const { app, ashlar, buildah } = built;
    const ours = ashlarBuild(context, ashlar, app);
    const theirs = { argv: buildahBuild(context, buildah, app) };
    const rounds = await interleave(
      context,
      { name: 'ashlar build', measure: async () => (await run(context, ours)).wallMs },
      { name: 'buildah bud', measure: async () => (await run(context, theirs)).wallMs },
    );
    const measured = summarize(rounds.first, 'ms');
    const peer = summarize(rounds.second, 'ms');
    sheet.add({
      bench,
      what: 'the same build again',
      target: { bound: 'at most', limit: 1000, of: 'measured' },
      measured,
      peer: { ...peer, name: 'buildah bud, no disk made' },
      ratio: measured.value / peer.value,
    });
  },
};
