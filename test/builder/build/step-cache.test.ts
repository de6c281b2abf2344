import { chmod, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setTag } from '../../../src/index.ts';
import { imageKey } from '../../../src/store/store-paths.ts';
import { type BuildBench, type Built, createBuildBench, whyNoSteps } from './fixture.ts';

let bench: BuildBench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createBuildBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

/** What was spent on mounts, commands, and on reading and writing trees. */
function work(built: Built): string[] {
  const kinds = ['mount', 'exec', 'diff', 'tree', 'unpack', 'layout'];
  return Object.keys(built.ledger.byKind).filter((kind) => kinds.includes(kind));
}

/** Of three RUNs: before an ARG, behind it, and behind an ENV as well. */
async function outcomesOfRuns(
  buildArgs: Record<string, string>,
  env = 'x',
): Promise<readonly string[]> {
  const text = `FROM base:test
RUN true before
ARG V=1
RUN echo $V
ENV E=${env}
RUN echo $E
`;
  const built = await bench.build(text, { buildArgs });
  return built.outcomes.filter((_, index) => [0, 2, 4].includes(index));
}

function copyingFrom(maker: string): string {
  return `FROM base:test AS maker
RUN mkdir /out && echo same >/out/file && touch -d @1500000000 /out/file && echo ${maker} >/other
FROM base:test
COPY --from=maker /out /taken
RUN cat /taken/file
`;
}

describe.skipIf(whyNoSteps !== '')(`a step that is known ${whyNoSteps}`, () => {
  const dockerfile = `FROM base:test
RUN echo one >/one
COPY first /
RUN echo two >/two
COPY second tree /copied/
WORKDIR /new/directory
RUN echo three >/three
`;

  it('is not run again: no mount, no container, no tree is read', async () => {
    const context = await bench.context({ first: '1', second: '2', 'tree/x': 'x' });
    const first = await bench.build(dockerfile, { context });
    expect(first.steps).toEqual({ total: 6, cached: 0, executed: 6 });
    const again = await bench.build(dockerfile, { context });
    expect(again.outcomes).toEqual(Array(6).fill('cached'));
    expect(again.digest).toBe(first.digest);
    expect(again.newStoredBytes).toBe(0);
    expect(work(again)).toEqual([]);
  });

  it('is known again after a touch or a copy of its file, and not after a change of it', async () => {
    const context = await bench.context({ first: 'f', second: '2', 'tree/x': 'x' });
    const outcomes = async (): Promise<string> => {
      const built = await bench.build(dockerfile, { context });
      return built.outcomes.map((outcome) => outcome.slice(0, 1)).join('');
    };
    await outcomes();
    await utimes(join(context, 'second'), 1000, 1000);
    await utimes(join(context, 'tree'), 1000, 1000);
    expect(await outcomes()).toBe('cccccc');
    await writeFile(join(context, 'other'), '2', { mode: 0o644 });
    await rename(join(context, 'other'), join(context, 'second'));
    expect(await outcomes()).toBe('cccccc');
    await writeFile(join(context, 'second'), '3');
    expect(await outcomes()).toBe('cccddd');
    await writeFile(join(context, 'second'), '2');
    expect(await outcomes()).toBe('cccccc');
    await chmod(join(context, 'second'), 0o600);
    expect(await outcomes()).toBe('cccddd');
    await chmod(join(context, 'second'), 0o644);
    await writeFile(join(context, 'tree/y'), '');
    expect(await outcomes()).toBe('cccddd');
    await writeFile(join(context, 'not-copied'), '');
    expect(await outcomes()).toBe('cccccc');
    await chmod(join(context, 'first'), 0o755);
    expect(await outcomes()).toBe('cddddd');
  });

  it('is known again when only the directory changed whose contents are copied', async () => {
    const context = await bench.context({ f: 'root of the context', 'd/f': '' });
    for (const [source, directory] of [
      ['.', context],
      ['d', join(context, 'd')],
    ] as const) {
      const build = (): Promise<Built> =>
        bench.build(`FROM base:test\nCOPY ${source} /x`, { context });
      const first = await build();
      await chmod(directory, 0o700);
      await utimes(directory, 1000, 1000);
      const again = await build();
      expect([again.outcomes, again.digest]).toEqual([['cached'], first.digest]);
      expect(await (await bench.image(again.digest)).list('/x')).toContain('d0755 0:0 /x');
    }
  });

  it('counts what it sees of ARG and ENV, and no proxies', async () => {
    expect(await outcomesOfRuns({})).toEqual(['done', 'done', 'done']);
    expect(await outcomesOfRuns({ V: '1' })).toEqual(['cached', 'cached', 'cached']);
    expect(await outcomesOfRuns({ V: '2' })).toEqual(['cached', 'done', 'done']);
    expect(await outcomesOfRuns({ V: '2' }, 'y')).toEqual(['cached', 'cached', 'done']);
    expect(await outcomesOfRuns({ V: '1' }, 'x')).toEqual(['cached', 'cached', 'cached']);
    const proxies = { HTTP_PROXY: 'http://one:1', https_proxy: 'http://two:2', no_proxy: '*' };
    expect(await outcomesOfRuns(proxies)).toEqual(['cached', 'cached', 'cached']);
    expect(await outcomesOfRuns({ UNDECLARED: 'x' })).toEqual(['cached', 'cached', 'cached']);
  });

  it('counts the digest of the base, and not its name', async () => {
    const { objects } = bench.store;
    const other = await bench.build('FROM base:test\nRUN echo update >/update');
    const text = 'FROM moving:tag\nRUN cat /update || true; echo built';
    const at = async (digest: typeof bench.base): Promise<Built> => {
      await setTag(objects, { name: 'moving:tag', image: digest, nowMs: Date.now() });
      return bench.build(text);
    };
    const first = await at(bench.base);
    expect(first.outcomes).toEqual(['done']);
    const second = await at(other.digest);
    expect(second.outcomes).toEqual(['done']);
    expect(second.output).toBe('update\nbuilt\n');
    const back = await at(bench.base);
    expect([back.outcomes, back.digest]).toEqual([['cached'], first.digest]);
    await setTag(objects, { name: 'other/name:tag', image: other.digest, nowMs: Date.now() });
    const renamed = await bench.build(text.replace('moving:tag', 'other/name:tag'));
    expect([renamed.outcomes, renamed.digest]).toEqual([['cached'], second.digest]);
    const byConfig = await bench.build(`FROM moving:tag\nENV X=1\n${text.split('\n')[1]}`);
    expect(byConfig.outcomes).toEqual(['config', 'done']);
  });

  it('copies from a stage by the digests of what it takes, and reads no tree when the stage is the same', async () => {
    await bench.build(copyingFrom('one'));
    const same = await bench.build(copyingFrom('one'));
    expect(same.outcomes).toEqual(['cached', 'cached', 'cached']);
    expect(work(same)).toEqual([]);
    const otherMaker = await bench.build(copyingFrom('two'));
    expect(otherMaker.outcomes).toEqual(['done', 'cached', 'cached']);
    const known = await bench.build(copyingFrom('two'));
    expect(work(known)).toEqual([]);
    expect(known.digest).toBe(same.digest);
  });

  it('is known on another machine that shares the store', async () => {
    const context = await bench.context({ first: 'shared', second: '2', 'tree/x': 'x' });
    const first = await bench.build(dockerfile, { context });
    await using other = await bench.otherHome();
    const there = await other.build(dockerfile, { context });
    expect(there.outcomes).toEqual(Array(6).fill('cached'));
    expect([there.digest, work(there)]).toEqual([first.digest, []]);
    await writeFile(join(context, 'second'), '3');
    const changed = await other.build(dockerfile, { context });
    expect(changed.outcomes.slice(3)).toEqual(['done', 'done', 'done']);
    expect((await bench.build(dockerfile, { context })).outcomes).toEqual(Array(6).fill('cached'));
  });

  it('runs again with --no-cache, and gives the same image when times are fixed', async () => {
    const context = await bench.context({ first: 'epoch', second: '2', 'tree/x': 'x' });
    const buildArgs = { SOURCE_DATE_EPOCH: '1700000000' };
    const first = await bench.build(dockerfile, { context, buildArgs });
    const again = await bench.build(dockerfile, { context, buildArgs, cache: 'ignore' });
    expect(again.outcomes).toEqual(Array(6).fill('done'));
    expect(again.digest).toBe(first.digest);
    const now = await bench.build(dockerfile, { context });
    expect(now.outcomes).toEqual(['cached', ...Array<string>(5).fill('done')]);
  });

  it('runs again when its image was collected or is damaged', async () => {
    const text = 'FROM base:test\nRUN echo to be lost >/lost\nRUN cat /lost\n';
    const buildArgs = { SOURCE_DATE_EPOCH: '1700000000' };
    for (const part of ['root', 'placement'] as const) {
      const built = await bench.build(text, { buildArgs });
      const ends = built.events.flatMap((event) => (event.kind === 'step-end' ? event.result : []));
      const [first] = ends;
      if (first === undefined) throw new Error('no step');
      await bench.store.objects.delete(imageKey(first.digest, part));
      const again = await bench.build(text, { buildArgs });
      expect(again.outcomes).toEqual(['done', 'cached']);
      expect(again.digest).toBe(built.digest);
    }
  });

  it('is built once or twice, and well, by two builds at the same time', async () => {
    await using other = await bench.otherHome();
    const text = `FROM base:test AS a\nRUN echo both >/both; sleep 0.2\nFROM base:test\nCOPY --from=a /both /\nRUN cat /both\n`;
    const buildArgs = { SOURCE_DATE_EPOCH: '1700000000' };
    const options = { buildArgs, tags: ['both:latest'] };
    const [one, two, three] = await Promise.all([
      bench.build(text, options),
      bench.build(text, options),
      other.build(text, options),
    ]);
    expect([two.digest, three.digest]).toEqual([one.digest, one.digest]);
    expect(await (await bench.image('both')).text('/both')).toBe('both\n');
  });
});
