import { execFileSync } from 'node:child_process';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BuildBench, createBuildBench, whyNoSteps } from './fixture.ts';

const dockerfile = `FROM base:test AS maker
RUN mkdir -p /out/b /out/a && for i in 3 1 2; do echo $i >/out/a/$i; done && ln /out/a/1 /out/b/1
RUN rm -r /opt/gone && touch /data/a && chmod 700 /data/sub && mv /opt/moved /opt/elsewhere
FROM base:test
ARG SOURCE_DATE_EPOCH
RUN echo $SOURCE_DATE_EPOCH >/epoch; head -c 200000 /dev/zero | tr '\\0' x >/large
WORKDIR /made/here
COPY . ./
COPY --from=maker /out /out
ADD archive.tar /unpacked/
COPY <<EOF /document
text
EOF
RUN echo last >>/document
CMD ["true"]
`;

/** Builds in a home, a store and a context that are all new; files are written in this order. */
async function digestIn(
  bench: BuildBench,
  names: readonly string[],
  hour: number,
): Promise<string> {
  const context = await bench.context(Object.fromEntries(names.map((name) => [name, name])));
  const tar = [
    '--sort=name',
    '--mtime=@1800000000',
    '-C',
    context,
    '-cf',
    `${context}/archive.tar`,
  ];
  execFileSync('tar', [...tar, ...names.toSorted()]);
  for (const [index, name] of names.entries())
    await utimes(join(context, name), 0, 1_750_000_000 + hour * 3600 + index);
  await utimes(join(context, 'archive.tar'), 0, 1_750_000_000 + hour);
  const buildArgs = { SOURCE_DATE_EPOCH: '1700000000' };
  const nowMs = (): number => Date.now() + hour * 3_600_000;
  const built = await bench.build(dockerfile, { context, buildArgs, nowMs, cache: 'ignore' });
  return built.digest;
}

describe.skipIf(whyNoSteps !== '')(`the same tree ${whyNoSteps}`, () => {
  it('has the same digest in another directory, home and store, at another time', async () => {
    await using here = await createBuildBench();
    await using there = await createBuildBench();
    expect(there.base).toBe(here.base);
    const first = await digestIn(here, ['a', 'b', 'c/d', 'c/e'], 0);
    expect(await digestIn(here, ['b', 'c/e', 'c/d', 'a'], 5)).toBe(first);
    expect(await digestIn(there, ['c/e', 'a', 'c/d', 'b'], 30)).toBe(first);
    const image = await here.image(first);
    expect(await image.text('/epoch')).toBe('1700000000\n');
    for (const path of [
      '/document',
      '/out/a/1',
      '/made/here/c/d',
      '/unpacked/a',
      '/made',
      '/large',
    ])
      expect((await image.inode(path))?.mtime).toEqual({ sec: 1_700_000_000, nsec: 0 });
  });
});
