import { link, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRoot } from '../../support/scratch.ts';
import { type BuildBench, type Built, createBuildBench } from './fixture.ts';

const why = isRoot ? '' : 'needs root';
let bench: BuildBench;

beforeAll(async () => {
  if (why === '') bench = await createBuildBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

/** A context in which d/one, d/sub/two, e/three and f/left-out are names of one file, and d/same is a copy. */
async function linkedContext(): Promise<string> {
  const context = await bench.context({
    'd/one': 'linked',
    'd/sub/x': '',
    'd/same': 'linked',
    'e/y': '',
    'f/y': '',
    '.dockerignore': 'f/left-out\n',
  });
  for (const name of ['d/sub/two', 'e/three', 'f/left-out'])
    await link(join(context, 'd/one'), join(context, name));
  return context;
}

async function copied(lines: string, context: string): Promise<string[]> {
  const { digest } = await bench.build(`FROM base:test\n${lines}`, { context });
  const all = await (await bench.image(digest)).list('/x');
  return all.filter((line) => !line.startsWith('d') && !/\/(?:x|y)(?: |$)/.test(line));
}

describe.skipIf(why !== '')(`hard links among files of a context ${why}`, () => {
  it('are kept below one source', async () => {
    const context = await linkedContext();
    expect(await copied('COPY . /x/\nRUN true', context)).toEqual([
      '-0644 0:0 /x/.dockerignore "f/left-out\\n"',
      '-0644 0:0 /x/d/one "linked"',
      '-0644 0:0 /x/d/same "linked"',
      '-0644 0:0 /x/d/sub/two = /x/d/one',
      '-0644 0:0 /x/e/three = /x/d/one',
    ]);
    expect(await copied('ADD --chown=5:6 --chmod=600 d /x', context)).toEqual([
      '-0600 5:6 /x/one "linked"',
      '-0600 5:6 /x/same "linked"',
      '-0600 5:6 /x/sub/two = /x/one',
    ]);
  });

  it('become files of their own from one source to another, as with BuildKit', async () => {
    const context = await linkedContext();
    const files = [
      '-0644 0:0 /x/one "linked"',
      '-0644 0:0 /x/same "linked"',
      '-0644 0:0 /x/sub/two = /x/one',
      '-0644 0:0 /x/three "linked"',
    ];
    expect(await copied('COPY d e /x/', context)).toEqual(files);
    expect(await copied('COPY [de] /x/', context)).toEqual(files);
    expect(await copied('COPY d/one e/three /x/', context)).toEqual([files[0], files[3]]);
    const { digest } = await bench.build('FROM base:test\nCOPY . /x/', { context });
    await bench.build(`FROM base:test\nCOPY . /x/`, { context, tags: ['linked:test'] });
    expect(digest).toBe((await bench.image('linked:test')).digest);
    expect(await copied('COPY --from=linked:test /x/d /x/e /x/', context)).toEqual(files);
    expect(await copied('COPY --from=linked:test /x/d/one /x/e/three /x/', context)).toEqual([
      files[0],
      files[3],
    ]);
  });

  it('are in the key of the step', async () => {
    const context = await linkedContext();
    const build = async (): Promise<Built> =>
      bench.build('FROM base:test\nCOPY d /x', { context, buildArgs: { SOURCE_DATE_EPOCH: '1' } });
    const first = await build();
    expect((await build()).outcomes).toEqual(['cached']);
    // Another name of the same file outside of what is copied makes no difference.
    await rm(join(context, 'e/three'));
    expect((await build()).outcomes).toEqual(['cached']);
    await writeFile(join(context, 'd/copy'), 'linked');
    await rename(join(context, 'd/copy'), join(context, 'd/sub/two'));
    const apart = await build();
    expect(apart.outcomes).toEqual(['done']);
    expect(apart.digest).not.toBe(first.digest);
    await rm(join(context, 'd/same'));
    await link(join(context, 'd/sub/two'), join(context, 'd/same'));
    const other = await build();
    expect(other.outcomes).toEqual(['done']);
    expect([first.digest, apart.digest]).not.toContain(other.digest);
  });

  it('are in the key of a copy from an image', async () => {
    const linked = await linkedContext();
    const apart = await bench.context({ 'd/one': 'linked', 'd/sub/x': '', 'd/same': 'linked' });
    await writeFile(join(apart, 'd/sub/two'), 'linked');
    for (const context of [linked, apart])
      for (const name of ['d/one', 'd/same', 'd/sub/two', 'd/sub/x', 'd/sub', 'd'])
        await utimes(join(context, name), 1000, 1000);
    await bench.build('FROM base:test\nCOPY d /x', { context: linked, tags: ['from:linked'] });
    await bench.build('FROM base:test\nCOPY d /x', { context: apart, tags: ['from:apart'] });
    const lists = [];
    for (const name of ['from:linked', 'from:apart']) {
      const built = await bench.build(`FROM base:test\nCOPY --from=${name} /x /taken`);
      expect(built.outcomes).toEqual(['done']);
      lists.push(await (await bench.image(built.digest)).list('/taken/sub/two'));
    }
    expect(lists).toEqual([
      ['-0644 0:0 /taken/sub/two = /taken/one'],
      ['-0644 0:0 /taken/sub/two "linked"'],
    ]);
  });
});
