import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createTempDir } from '../src/index.ts';
import { type App, appName, ashlarBuild, buildahBuild } from './app.ts';
import { type Ashlar, storedBytes } from './ashlar.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { buildAppOnce } from './built-app.ts';
import { type MeasuredRun, quoted, run, runMeasured, script } from './commands.ts';
import type { Buildah } from './peers/buildah.ts';
import { mke2fsLine } from './peers/mke2fs.ts';
import { interleave, type RunsSummary, summarizeRuns } from './rounds.ts';
import type { Sheet } from './sheet.ts';

const bench = 'rebuild';
const peerName = 'buildah bud + mke2fs -d';
/** As Ashlar's own default. */
const diskSize = '10G';

/** One changed source file after `npm ci`: from the command to a tagged image. */
export const rebuild: Benchmark = {
  name: bench,
  async run(context, sheet) {
    await using work = await createTempDir(context.workDir, bench);
    await using built = await buildAppOnce(context, work.path);
    const { app, ashlar, buildah } = built;
    const disk = join(work.path, 'peer.ext4');
    const builds = { buildah, app, disk };
    const rounds = await interleave(
      context,
      {
        name: 'ashlar build',
        prepare: (round) => app.change(`changed for round ${round}`),
        measure: () => ashlarRebuild(context, ashlar, app),
      },
      {
        name: peerName,
        prepare: () => rm(disk, { force: true }),
        measure: () => buildahRebuild(context, builds),
      },
    );
    sheet.note(
      `${bench}: buildah keeps its layers with the storage driver ${buildah.driver}, isolation chroot; both disks are of ${diskSize}, sparse.`,
    );
    addTimes(sheet, summarizeRuns(rounds.first), summarizeRuns(rounds.second));
    const newBytes = Math.max(...rounds.first.map((sample) => sample.newBytes));
    sheet.add({
      bench,
      what: 'new objects in the store, the most of all rounds',
      target: { bound: 'at most', limit: 3e6, of: 'measured' },
      measured: { value: newBytes, unit: 'bytes' },
      peer: null,
      ratio: null,
    });
  },
};

function addTimes(sheet: Sheet, ours: RunsSummary, theirs: RunsSummary): void {
  sheet.add({
    bench,
    what: 'one source file changed after npm ci, command to tagged image',
    target: { bound: 'at least', limit: 10, of: 'ratio' },
    measured: ours.wall,
    peer: { ...theirs.wall, name: peerName },
    ratio: theirs.wall.value / ours.wall.value,
  });
  sheet.add({
    bench,
    what: 'the same in processor time, which a busy machine changes less',
    target: null,
    measured: ours.cpu,
    peer: { ...theirs.cpu, name: peerName },
    ratio: theirs.cpu.value / ours.cpu.value,
  });
}

async function ashlarRebuild(
  context: BenchContext,
  ashlar: Ashlar,
  app: App,
): Promise<MeasuredRun & { readonly newBytes: number }> {
  const before = await storedBytes(ashlar.storeDir);
  const measured = await runMeasured(context, ashlarBuild(context, ashlar, app));
  return { ...measured, newBytes: (await storedBytes(ashlar.storeDir)) - before };
}

/** The build, and a disk of what it gave. Cleaning up is not counted. */
async function buildahRebuild(
  context: BenchContext,
  peer: { readonly buildah: Buildah; readonly app: App; readonly disk: string },
): Promise<MeasuredRun> {
  const { buildah, app, disk } = peer;
  const measured = await runMeasured(context, {
    argv: script([
      buildahBuild(context, buildah, app).map(quoted).join(' '),
      `container=$(${buildah.line} from --pull-never localhost/${appName})`,
      `root=$(${buildah.line} mount "$container")`,
      mke2fsLine('"$root"', disk, diskSize),
    ]),
  });
  await run(context, { argv: [...buildah.argv, 'rm', '--all'] });
  return measured;
}
