import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createTempDir } from '../src/index.ts';
import { ashlarIn } from './ashlar.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { type MeasuredRun, runMeasured, script } from './commands.ts';
import {
  type FourfoldForm,
  fourfoldForms,
  fourfoldLayout,
  manyLayersLayout,
  oneLayerLayout,
} from './layouts.ts';
import type { OciLayout } from './oci-layout.ts';
import { unpackLayoutLines } from './peers/unpack-layout.ts';
import { interleave, summarizeRuns } from './rounds.ts';
import type { Sheet } from './sheet.ts';
import { formatValue } from './units.ts';

const bench = 'import';
/** As Ashlar's own default. */
const diskSize = '10G';
/** How much more memory a fourfold image may take and still count as flat: garbage collection is not exact. */
const flatLimit = 1.25;

/** A base from a local OCI layout becomes an image: time, memory, and memory of one four times as large. */
export const importBase: Benchmark = {
  name: bench,
  async run(context, sheet) {
    const one = await oneLayerLayout(context);
    const single = await compare(context, sheet, {
      layout: one,
      form: 'one layer',
      peer: 'skopeo copy + tar + mke2fs -d',
    });
    const peaks = [single];
    const several = await sheet.attempt(bench, 'a layout of several layers', async () => {
      const layout = await manyLayersLayout(context);
      const form = `${layout.layers.length} layers`;
      return compare(context, sheet, { layout, form, peer: 'skopeo copy + umoci + mke2fs -d' });
    });
    if (several !== undefined) peaks.push(several);
    addPeak(sheet, 'peak memory of one process', Math.max(...peaks));
    for (const form of fourfoldForms)
      await sheet.attempt(bench, form, () => measureFourfold(context, sheet, { form, single }));
  },
};

/** Compares wall time; gives the largest peak memory of Ashlar's runs. */
async function compare(
  context: BenchContext,
  sheet: Sheet,
  made: { readonly layout: OciLayout; readonly form: string; readonly peer: string },
): Promise<number> {
  const { layout, form } = made;
  await using work = await createTempDir(context.workDir, bench);
  const ours = join(work.path, 'ashlar');
  const theirs = join(work.path, 'peer');
  const rounds = await interleave(
    context,
    {
      name: 'ashlar image import',
      prepare: () => rm(ours, { recursive: true, force: true }),
      measure: () => importLayout(context, layout, ours),
    },
    {
      name: made.peer,
      prepare: () => rm(theirs, { recursive: true, force: true }),
      measure: () =>
        runMeasured(context, {
          argv: script(unpackLayoutLines({ layout, directory: theirs, diskSize })),
        }),
    },
  );
  const mine = summarizeRuns(rounds.first);
  const peers = summarizeRuns(rounds.second);
  sheet.add({
    bench,
    what: `${form}, ${formatValue(layout.layerBytes, 'bytes')} of gzip, to a tagged image in a new store`,
    target: { bound: 'at most', limit: 1, of: 'ratio' },
    measured: mine.wall,
    peer: { ...peers.wall, name: made.peer },
    ratio: mine.wall.value / peers.wall.value,
  });
  sheet.add({
    bench,
    what: `${form}, in processor time, which a busy machine changes less`,
    target: null,
    measured: mine.cpu,
    peer: { ...peers.cpu, name: made.peer },
    ratio: mine.cpu.value / peers.cpu.value,
  });
  sheet.note(
    `${bench}: ${form}: peak memory of the largest process ${formatValue(mine.peakBytes, 'bytes')}, of the largest beside it ${formatValue(peers.peakBytes, 'bytes')}.`,
  );
  return mine.peakBytes;
}

async function measureFourfold(
  context: BenchContext,
  sheet: Sheet,
  { form, single }: { readonly form: FourfoldForm; readonly single: number },
): Promise<void> {
  const layout = await fourfoldLayout(context, form);
  await using work = await createTempDir(context.workDir, bench);
  const { peakBytes, wallMs } = await importLayout(context, layout, join(work.path, 'ashlar'));
  addPeak(sheet, `peak memory, an image four times as large: ${form}`, peakBytes);
  sheet.add({
    bench,
    what: `flat memory: ${form}`,
    target: { bound: 'at most', limit: flatLimit, of: 'ratio' },
    measured: { value: peakBytes, unit: 'bytes' },
    peer: { name: 'one-layer base', value: single, unit: 'bytes' },
    ratio: peakBytes / single,
  });
  sheet.note(
    `${bench}: ${form}: all content is different; imported once, in ${formatValue(wallMs, 'ms')}. Flat is taken as at most ${flatLimit} times the memory.`,
  );
}

function importLayout(
  context: BenchContext,
  layout: OciLayout,
  directory: string,
): Promise<MeasuredRun> {
  const ashlar = ashlarIn(context, directory);
  const source = `oci:${layout.path}:${layout.tag}`;
  return runMeasured(context, ashlar.command(['image', 'import', source, '-t', 'bench']));
}

function addPeak(sheet: Sheet, what: string, peakBytes: number): void {
  sheet.add({
    bench,
    what,
    target: { bound: 'at most', limit: 600e6, of: 'measured' },
    measured: { value: peakBytes, unit: 'bytes' },
    peer: null,
    ratio: null,
  });
}
