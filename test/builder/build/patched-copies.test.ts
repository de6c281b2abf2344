import { execFileSync } from 'node:child_process';
import { appendFile, link, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageKey } from '../../../src/store/store-paths.ts';
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

/** Directories that are made get this time, so that two builds of the same files give the same image. */
const buildArgs = { SOURCE_DATE_EPOCH: '2000000000' };

/** How each set of files was stored: as changes of an image that was there, or laid out anew. */
function layouts(built: Built): string[] {
  return built.ledger.entries.flatMap(({ kind, subject }) => (kind === 'layout' ? subject : []));
}

/**
 * Builds, then builds again as if nothing were known, and expects the same image. Gives how the first one came to be; that
 * the whole tree of an image was read shows as `tree`.
 */
async function buildTwice(dockerfile: string, context: string): Promise<string[]> {
  const built = await bench.build(dockerfile, { context, buildArgs });
  const anew = await bench.build(dockerfile, { context, buildArgs, cache: 'ignore' });
  expect(layouts(anew)).not.toContain('changes');
  expect(built.digest).toBe(anew.digest);
  return [...layouts(built), ...('tree' in built.ledger.byKind ? ['tree'] : [])];
}

describe.skipIf(why !== '')(`a COPY of files of which some changed ${why}`, () => {
  it('changes the image that it gave before, again and again', async () => {
    const context = await bench.context({
      'src/a': 'first',
      'src/b': 'b',
      'src/large': 'l'.repeat(3e5),
    });
    const dockerfile = 'FROM base:test\nWORKDIR /app\nENV A=1\nCOPY . .\nCMD ["src/a"]\n';
    expect(await buildTwice(dockerfile, context)).toContain('image');
    for (let round = 0; round < 5; round += 1) {
      await writeFile(join(context, 'src/a'), `changed in round ${round}`);
      if (round === 2) await appendFile(join(context, 'src/large'), 'more');
      if (round === 3) await utimes(join(context, 'src/a'), 1_500_000_000, 1_600_000_000);
      expect(await buildTwice(dockerfile, context)).toEqual(['changes']);
    }
  });

  it('lays all out anew where names or links are others, and goes on from there', async () => {
    const context = await bench.context({ a: 'first', b: 'b' });
    const dockerfile = 'FROM base:test\nCOPY . /copied/\n';
    await buildTwice(dockerfile, context);
    await writeFile(join(context, 'a'), 'x'.repeat(5000));
    // The same names in the same places: a file that grows moves few things.
    expect(await buildTwice(dockerfile, context)).toEqual(['changes']);
    const changes: (() => Promise<unknown>)[] = [
      () => writeFile(join(context, 'new'), ''),
      () => rm(join(context, 'b')),
      () => rename(join(context, 'new'), join(context, 'renamed')),
      async () => {
        await rm(join(context, 'renamed'));
        await symlink('a', join(context, 'renamed'));
      },
      () => link(join(context, 'a'), join(context, 'a-too')),
      () => mkdir(join(context, 'directory')),
    ];
    for (const [index, change] of changes.entries()) {
      await change();
      expect(await buildTwice(dockerfile, context)).toContain('image');
      await writeFile(join(context, 'a'), `small ${index}`.padEnd(index === 0 ? 5000 : 4000));
      expect([index, await buildTwice(dockerfile, context)]).toEqual([index, ['changes']]);
    }
  });

  it('has the COPYs behind it do the same', async () => {
    const context = await bench.context({ 'one/a': '1', 'two/b': '2', 'three/c': '3' });
    const dockerfile = `FROM base:test
COPY one /app/one
COPY two /app/two
WORKDIR /app/made
COPY three .
COPY --chown=node three /data/
`;
    await buildTwice(dockerfile, context);
    await writeFile(join(context, 'two/b'), 'changed');
    expect(await buildTwice(dockerfile, context)).toEqual(Array(4).fill('changes'));
    await writeFile(join(context, 'one/a'), 'changed');
    await writeFile(join(context, 'three/c'), 'changed');
    expect(await buildTwice(dockerfile, context)).toEqual(Array(5).fill('changes'));
    await writeFile(join(context, 'three/c'), 'changed again');
    expect(await buildTwice(dockerfile, context)).toEqual(Array(2).fill('changes'));
  });

  it('keeps hard links, and their names where a file of the base had some', async () => {
    const context = await bench.context({ 'd/one': 'linked', 'd/other': 'other' });
    await link(join(context, 'd/one'), join(context, 'd/two'));
    const dockerfile = 'FROM base:test\nCOPY d /x\nCOPY d/other /data/hard/one\n';
    await buildTwice(dockerfile, context);
    await writeFile(join(context, 'd/one'), 'changed');
    await writeFile(join(context, 'd/other'), 'too');
    expect(await buildTwice(dockerfile, context)).toEqual(['changes', 'changes']);
    const { digest } = await bench.build(dockerfile, { context, buildArgs });
    const list = await (await bench.image(digest)).list('/x');
    expect(list.filter((line) => /one|two/.test(line))).toMatchInlineSnapshot(`
      [
        "-0644 0:0 /x/one "changed"",
        "-0644 0:0 /x/two = /x/one",
      ]
    `);
  });

  it('copies from another stage that was changed so', async () => {
    const context = await bench.context({ a: 'first', b: 'b' });
    const dockerfile = `FROM base:test AS made
COPY . /out/
FROM base:test
COPY --from=made /out /taken/
COPY --from=made --chown=33:33 /out/a /data/a
`;
    await buildTwice(dockerfile, context);
    await writeFile(join(context, 'a'), 'later');
    const how = await buildTwice(dockerfile, context);
    expect(how.filter((subject) => subject !== 'tree')).toEqual(Array(3).fill('changes'));
  });

  it('goes the long way where the image of before is gone or damaged', async () => {
    const context = await bench.context({ a: 'first' });
    const dockerfile = 'FROM base:test\nCOPY . /seldom/\n';
    const { objects } = bench.store;
    for (const part of ['root', 'placement'] as const) {
      const { digest } = await bench.build(dockerfile, { context, buildArgs });
      await objects.replace(imageKey(digest, part), Buffer.from('damaged'));
      await writeFile(join(context, 'a'), `damaged ${part}`);
      expect(await buildTwice(dockerfile, context)).toContain('image');
    }
    const { digest } = await bench.build(dockerfile, { context, buildArgs });
    await objects.delete(imageKey(digest, 'root'));
    await writeFile(join(context, 'a'), 'gone');
    expect(await buildTwice(dockerfile, context)).toContain('image');
  });

  it('unpacks archives beside files that changed', async () => {
    const context = await bench.context({ a: 'first', 'sub/b': 'b' });
    execFileSync('tar', ['-cf', 'all.tar', 'sub'], { cwd: context });
    const dockerfile = 'FROM base:test\nADD all.tar a /mixed/\nCOPY a /after\n';
    await buildTwice(dockerfile, context);
    await writeFile(join(context, 'a'), 'later');
    const how = await buildTwice(dockerfile, context);
    expect(how).toContain('image');
  });
});
