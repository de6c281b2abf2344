import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runChecked } from '../../src/process/run-command.ts';
import { type Described, describeMembers, describeTree } from './support/described.ts';
import { contentOf, readArchive, type ReadMember } from './support/read-archive.ts';
import {
  makeManyRuns,
  makeSampleTree,
  makeSparseFile,
  type SampleFeatures,
} from './support/sample-tree.ts';
import {
  canMakeDevices,
  hasBsdtar,
  hasGnuTar,
  takesXattrs,
  testDir,
  unpackWithGnuTar,
} from './support/tools.ts';
import { isRoot } from '../support/scratch.ts';

const hasXattrs = await takesXattrs();
const devices = await canMakeDevices();
const canJudge = isRoot && hasGnuTar;
const reason = canJudge ? '' : ' (skipped: needs root and GNU tar)';
const xattrReason = hasXattrs
  ? reason
  : ' (skipped: no setfattr, or no xattrs in the temporary directory)';
interface Case {
  readonly writer: readonly string[];
  readonly features: SampleFeatures;
}

const gnuTarCases: readonly Case[] = [
  { writer: ['tar', '--format=v7'], features: {} },
  { writer: ['tar', '--format=oldgnu'], features: { longNames: 'any', devices } },
  { writer: ['tar', '--format=ustar'], features: { longNames: 'ustar', devices } },
  {
    writer: ['tar', '--format=gnu'],
    features: { longNames: 'any', devices, largeNumbers: true },
  },
  {
    writer: ['tar', '--format=posix'],
    features: { longNames: 'any', devices, largeNumbers: true },
  },
];

describe('what GNU tar writes and what it unpacks from it', () => {
  it.skipIf(!canJudge).for(gnuTarCases)(`$writer${reason}`, async ({ writer, features }) => {
    const { read, unpacked } = await judged({ writer, features });
    expect(read).toEqual(unpacked);
  });

  it.skipIf(!canJudge || !hasXattrs)(`tar --format=posix --xattrs${xattrReason}`, async () => {
    const writer = ['tar', '--format=posix', '--xattrs', '--xattrs-include=*'];
    const { read, unpacked } = await judged({ writer, features: { xattrs: true } });
    expect(read).toEqual(unpacked);
    const names = read.flatMap(({ xattrs }) => Object.keys(xattrs));
    expect(names).toContain('security.capability');
    expect(names).toContain('user.a=b%c');
  });
});

describe('what bsdtar writes and GNU tar unpacks from it', () => {
  const missing = hasBsdtar ? reason : ' (skipped: bsdtar is not installed)';
  it.skipIf(!canJudge || !hasBsdtar)(`ustar${missing}`, async () => {
    const { read, unpacked } = await judged({
      writer: ['bsdtar', '--format=ustar'],
      features: { longNames: 'ustar', devices },
    });
    expect(read).toEqual(unpacked);
  });
  it.skipIf(!canJudge || !hasBsdtar || !hasXattrs)(`pax with xattrs${missing}`, async () => {
    const { read, unpacked } = await judged({
      writer: ['bsdtar', '--format=pax', '--xattrs'],
      features: { longNames: 'any', devices, largeNumbers: true, xattrs: true },
    });
    expect(read).toEqual(unpacked);
  });
});

const gnuTarMissing = hasGnuTar ? '' : ' (skipped: needs GNU tar)';
const bsdtarMissing = hasBsdtar ? '' : ' (skipped: bsdtar is not installed)';

describe(`sparse files of GNU tar${gnuTarMissing}`, () => {
  const formats = [
    '--format=gnu',
    '--format=posix --sparse-version=0.0',
    '--format=posix --sparse-version=0.1',
    '--format=posix --sparse-version=1.0',
  ];

  it.skipIf(!hasGnuTar).for(formats)('%s: two runs in 9 GiB', async (format) => {
    await using dir = await testDir();
    const runs = await makeSparseFile(join(dir.path, 'big'));
    const writer = ['tar', '--sparse', ...format.split(' ')];
    const [member] = await archived(dir.path, writer, ['big']);
    expect(member?.entry).toMatchObject({ path: 'big', sizeBytes: 9 * 1024 ** 3 });
    expect(member?.runs).toEqual(runs);
  });

  it.skipIf(!hasGnuTar).for(formats)('%s: many runs', async (format) => {
    await using dir = await testDir();
    const content = await makeManyRuns(join(dir.path, 'many'), 100);
    // Looks for zeros itself, so that the file system's idea of a hole does not count.
    const writer = ['tar', '--sparse', '--hole-detection=raw', ...format.split(' ')];
    const [member] = await archived(dir.path, writer, ['many']);
    expect(member?.runs.length).toBe(100);
    expect(member !== undefined && contentOf(member).equals(content)).toBe(true);
  });
});

describe(`sparse files of bsdtar${bsdtarMissing}`, () => {
  it.skipIf(!hasBsdtar)('are read with their holes', async () => {
    await using dir = await testDir();
    const content = await makeManyRuns(join(dir.path, 'many'), 50);
    const [member] = await archived(dir.path, ['bsdtar', '--format=pax'], ['many']);
    expect(member?.runs.length).toBeGreaterThan(1);
    expect(member !== undefined && contentOf(member).equals(content)).toBe(true);
  });
});

interface Verdict {
  readonly read: readonly Described[];
  /** What GNU tar unpacked. */
  readonly unpacked: readonly Described[];
}

/** Archives a sample tree, and unpacks it with GNU tar. */
async function judged({ writer, features }: Case): Promise<Verdict> {
  await using dir = await testDir();
  const tree = join(dir.path, 'tree');
  const unpacked = join(dir.path, 'unpacked');
  await mkdir(tree);
  await mkdir(unpacked);
  await makeSampleTree(tree, features);
  const members = await archived(dir.path, [...writer, '-C', tree], ['.']);
  await unpackWithGnuTar(join(dir.path, 'a.tar'), unpacked);
  return { read: describeMembers(members), unpacked: await describeTree(unpacked, members) };
}

async function archived(
  cwd: string,
  [program = '', ...args]: readonly string[],
  names: readonly string[],
): Promise<ReadMember[]> {
  const path = join(cwd, 'a.tar');
  await runChecked(program, ['-cf', path, ...args, ...names], {
    cwd,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  return readArchive(await readFile(path));
}
