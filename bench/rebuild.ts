import { join } from 'node:path';
import { createTempDir } from '../src/index.ts';
import { type App, appName, ashlarBuild, buildahBuild, createApp, importAppBase } from './app.ts';
import { type Ashlar, ashlarIn, storedBytes } from './ashlar.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { quoted, run, script } from './commands.ts';
import { type Buildah, openBuildah } from './peers/buildah.ts';
import { mke2fsLine } from './peers/mke2fs.ts';
import { interleave, summarize } from './rounds.ts';
import { baseName } from './app.ts';

const bench = 'rebuild';
/** As Ashlar's own default. */
const diskSize = '10G';

/** One changed source file after `npm ci`: from the command to a tagged image. */
export const rebuild: Benchmark = {
  name: bench,
  async run(context, sheet) {
    await using work = await createTempDir(context.workDir, bench);
    const app = await createApp(context, join(work.path, 'app'));
    const ashlar = ashlarIn(context, join(work.path, 'ashlar'));
    await importAppBase(context, ashlar, app);
    await using buildah = await openBuildah(context);
    await buildah.importTar(app.baseArchive, baseName);
    const disk = join(work.path, 'peer.ext4');
    await run(context, ashlarBuild(context, ashlar, app));
    await run(context, { argv: buildahBuild(context, buildah, app) });
    const rounds = await interleave(
      context,
      {
        name: 'ashlar build',
        prepare: (round) => app.change(`changed for round ${round}`),
        measure: () => ashlarRebuild(context, ashlar, app),
      },
      {
        name: 'buildah bud + mke2fs -d',
        prepare: () => run(context, { argv: ['rm', '-f', disk] }).then(() => undefined),
        measure: () => buildahRebuild(context, { buildah, app, disk }),
      },
    );
    const measured = summarize(
      rounds.first.map((sample) => sample.wallMs),
      'ms',
    );
    const peer = summarize(rounds.second, 'ms');
    sheet.note(
      `${bench}: buildah keeps its layers with the storage driver ${buildah.driver}, isolation chroot; both disks are of ${diskSize}, sparse.`,
    );
    sheet.add({
      bench,
      what: 'one source file changed after npm ci, command to tagged image',
      target: { bound: 'at least', limit: 10, of: 'ratio' },
      measured,
      peer: { ...peer, name: 'buildah bud + mke2fs -d' },
      ratio: peer.value / measured.value,
    });
    sheet.add({
      bench,
      what: 'new objects in the store, the most of all rounds',
      target: { bound: 'at most', limit: 3e6, of: 'measured' },
      measured: {
        value: Math.max(...rounds.first.map((sample) => sample.newBytes)),
        unit: 'bytes',
      },
      peer: null,
      ratio: null,
    });
  },
};

async function ashlarRebuild(
  context: BenchContext,
  ashlar: Ashlar,
  app: App,
): Promise<{ wallMs: number; newBytes: number }> {
  const before = await storedBytes(ashlar.storeDir);
  const { wallMs } = await run(context, ashlarBuild(context, ashlar, app));
  return { wallMs, newBytes: (await storedBytes(ashlar.storeDir)) - before };
}

/** The build, and a disk of what it gave. Cleaning up is not counted. */
async function buildahRebuild(
  context: BenchContext,
  peer: { readonly buildah: Buildah; readonly app: App; readonly disk: string },
): Promise<number> {
  const { buildah, app, disk } = peer;
  const { wallMs } = await run(context, {
    argv: script([
      buildahBuild(context, buildah, app).map(quoted).join(' '),
      `container=$(${buildah.line} from --pull-never localhost/${appName})`,
      `root=$(${buildah.line} mount "$container")`,
      mke2fsLine('"$root"', disk, diskSize),
    ]),
  });
  await run(context, { argv: [...buildah.argv, 'rm', '--all'] });
  return wallMs;
}
