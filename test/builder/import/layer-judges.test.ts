import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasProgram } from '../../oci/support/programs.ts';
import { isRoot, scratchDir } from '../../support/scratch.ts';
import { listTree } from '../../support/tree-listing.ts';
import type { TarRecord } from '../../tar/support/tar-writer.ts';
import { listImage } from './support/imported-tree.ts';
import { importSource, layoutOf, startRun } from './support/import-layers.ts';
import { belowFolder, type Difference, type LayerCase, layerCases } from './support/layer-cases.ts';
import { directory } from './support/layer-records.ts';
import { type Unpack, unpackWithBuildah, unpackWithUmoci } from './support/unpack-with.ts';

interface Judge {
  readonly program: 'umoci' | 'buildah';
  readonly unpack: Unpack;
}

const judges: readonly Judge[] = [
  { program: 'umoci', unpack: unpackWithUmoci },
  { program: 'buildah', unpack: unpackWithBuildah },
];

describe.each(judges)('layers as $program unpacks them', ({ program, unpack }) => {
  const scratch = scratchDir(`judged-by-${program}`);
  const missing = isRoot ? (hasProgram(program) ? null : `needs ${program}`) : 'needs root';

  it.skipIf(missing !== null)(
    `give the same trees${missing === null ? '' : ` (${missing})`}`,
    async () => {
      const taken = layerCases.filter((each) => !isRefused(each[program]));
      const source = await layoutOf(join(scratch, 'layout'), layersOf(taken));
      using run = startRun(scratch);
      const { digest } = await importSource(run, source);
      const startedNs = BigInt(Date.now() - 1000) * 1_000_000n;
      const judged = await listTree(await unpack(join(scratch, 'layout'), scratch));
      const { ours, theirs } = comparable(
        await listImage(run.imageStore, digest),
        judged,
        startedNs,
      );
      const unlike = taken.filter((each) => !equal(ours, theirs, folderOf(each)));
      expect(
        unlike
          .filter((each) => each[program] === undefined)
          .map((each) => [each.name, theirs.get(folderOf(each)), ours.get(folderOf(each))]),
      ).toEqual([]);
      // A difference that is named and is not there any more is to be taken from the list.
      const named = taken.filter((each) => each[program] !== undefined);
      expect(unlike.map((each) => each.name)).toEqual(named.map((each) => each.name));
    },
  );

  const refused = layerCases.flatMap((each) => {
    const difference = each[program];
    const isRefused = difference !== undefined && 'refuses' in difference;
    return isRefused ? [[each.name, each, difference.refuses] as const] : [];
  });
  it.skipIf(missing !== null).each(refused)(
    `are taken where ${program} refuses them: %s`,
    async (_, each, words) => {
      const layout = join(scratch, folderOf(each));
      await layoutOf(layout, layersOf([each]));
      await expect(unpack(layout, join(scratch, `${folderOf(each)}-out`))).rejects.toThrow(words);
    },
  );
});

function isRefused(difference: Difference | undefined): boolean {
  return difference !== undefined && 'refuses' in difference;
}

function folderOf(each: LayerCase): string {
  return `case-${layerCases.indexOf(each)}`;
}

/** All cases in one image, each in a folder of its own. */
function layersOf(cases: readonly LayerCase[]): TarRecord[][] {
  const count = Math.max(...cases.map(({ layers }) => layers.length));
  return Array.from({ length: count }, (_, number) =>
    cases.flatMap((each) => [
      ...(number === 0 ? [directory(folderOf(each))] : []),
      ...belowFolder(folderOf(each), each.layers[number] ?? []),
    ]),
  );
}

/**
 * Both listings by folder. The times of directories that the judge took from its clock are left out: those that no
 * entry describes, and those that it changed.
 */
function comparable(
  ours: readonly string[],
  theirs: readonly string[],
  startedNs: bigint,
): Readonly<Record<'ours' | 'theirs', ReadonlyMap<string, readonly string[]>>> {
  const untimed = new Set(
    theirs.map(parseLine).flatMap(({ path, timeNs }) => (timeNs > startedNs ? [path] : [])),
  );
  const byFolder = (lines: readonly string[]): Map<string, string[]> => {
    const folders = new Map<string, string[]>();
    for (const line of lines) {
      const { path, text, textWithoutTime } = parseLine(line);
      const folder = path.split('/', 1)[0] ?? '';
      const list = folders.get(folder) ?? [];
      folders.set(folder, list);
      list.push(untimed.has(path) ? textWithoutTime : text);
    }
    return folders;
  };
  return { ours: byFolder(ours), theirs: byFolder(theirs) };
}

function equal(
  ours: ReadonlyMap<string, readonly string[]>,
  theirs: ReadonlyMap<string, readonly string[]>,
  folder: string,
): boolean {
  return JSON.stringify(ours.get(folder)) === JSON.stringify(theirs.get(folder));
}

interface ListedLine {
  readonly path: string;
  readonly timeNs: bigint;
  readonly text: string;
  readonly textWithoutTime: string;
}

function parseLine(line: string): ListedLine {
  const [, path = '', head = '', time = '0', tail = ''] =
    /^("(?:[^"\\]|\\.)*") (\d+ \d+ \d+) (-?\d+)(.*)$/.exec(line) ?? [];
  return {
    path: JSON.parse(path) as string,
    timeNs: BigInt(time),
    text: line,
    textWithoutTime: `${path} ${head} -${tail}`,
  };
}
