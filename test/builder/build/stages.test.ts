import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuildBench, createBuildBench, mib, whyNoSteps } from './fixture.ts';

let bench: BuildBench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createBuildBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

describe.skipIf(whyNoSteps !== '')(`stages ${whyNoSteps}`, () => {
  const dockerfile = `
ARG BASE=base:test
FROM \${BASE} AS common
ENV FROM_COMMON=yes
RUN echo common >/common
FROM nowhere/to/be:found AS missing
RUN false
FROM common AS broken
RUN exit 3
FROM common AS Tools
RUN echo tools >/tools
FROM common
LABEL last=yes
COPY --from=tools /tools /taken
`;

  it('are built where they are needed, each once; the others do not matter', async () => {
    const built = await bench.build(dockerfile, { cache: 'ignore' });
    expect(built.events).toContainEqual({
      kind: 'plan',
      dockerfile: expect.stringMatching(/Dockerfile$/) as string,
      steps: 5,
      stages: ['common', 'tools', '4'],
    });
    expect(built.outcomes).toEqual(['config', 'done', 'done', 'config', 'done']);
    expect(built.steps).toEqual({ total: 5, cached: 0, executed: 3 });
    const image = await bench.image(built.digest);
    expect(await image.list('/taken')).toEqual(['-0644 0:0 /taken "tools\\n"']);
    expect(await image.list('/common')).toHaveLength(1);
    expect(await image.inode('/tools')).toBeNull();
    expect(image.config.config).toMatchObject({
      Env: [expect.stringMatching(/^PATH=/), 'FROM_COMMON=yes'],
      Labels: { last: 'yes' },
    });
  });

  it('--target builds a stage by name, in any letter case, or number', async () => {
    const byName = await bench.build(dockerfile, { target: 'tOOls' });
    expect(byName.outcomes).toEqual(['config', 'cached', 'cached']);
    expect((await bench.build(dockerfile, { target: '3' })).digest).toBe(byName.digest);
    await expect(bench.build(dockerfile, { target: 'broken' })).rejects.toMatchObject({
      code: 'step_failed',
      data: { line: 9, exitCode: 3 },
    });
    await expect(bench.build(dockerfile, { target: 'tool' })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/no stage "tool".*common, missing, broken, tools/) as string,
      hint: 'Did you mean tools?',
    });
  });

  it('ONBUILD triggers run in the image that is built on theirs, with its files and stages', async () => {
    const base = await bench.build(
      `FROM base:test
ONBUILD COPY . /src/
ONBUILD ARG SAYS=default
ONBUILD RUN echo "triggered \${SAYS}" >/triggered
ONBUILD COPY --from=assets /asset /asset
`,
      { tags: ['onbuild:v1'] },
    );
    expect(base.outcomes).toEqual(['config', 'config', 'config', 'config']);
    expect(base.tags).toEqual(['onbuild:v1']);
    const built = await bench.build(
      `FROM base:test AS assets
RUN echo asset >/asset
FROM onbuild:v1
RUN cat /src/file /triggered
`,
      { context: { file: 'from the context\n' }, buildArgs: { SAYS: 'given' } },
    );
    expect(built.output).toBe('from the context\ntriggered given\n');
    const image = await bench.image(built.digest);
    expect(await image.text('/asset')).toBe('asset\n');
    expect(image.config.config).not.toHaveProperty('OnBuild');
  });

  it('a trigger that fails is told with the FROM that brought it', async () => {
    const base = 'FROM base:test\nONBUILD RUN echo fails; exit 4\n';
    await bench.build(base, { tags: ['fails:v1'] });
    await expect(bench.build('\n\nFROM fails:v1\nRUN true')).rejects.toMatchObject({
      code: 'step_failed',
      message: expect.stringContaining(
        'Dockerfile:3: the command ended with exit code 4',
      ) as string,
      data: { line: 3, excerpt: '3 | FROM fails:v1', output: 'fails', exitCode: 4 },
    });
  });

  it('FROM scratch holds what is copied; its disk has the size that is asked for', async () => {
    const dockerfile = `FROM scratch
COPY --from=base:test /bin/busybox /bin/sh /bin/
RUN ["/bin/busybox", "ash", "-c", "echo made >/made"]
ENTRYPOINT ["/bin/busybox"]
`;
    const built = await bench.build(dockerfile, { diskBytes: 64 * mib });
    expect(built.diskBytes).toBe(64 * mib);
    const image = await bench.image(built.digest);
    expect(await image.list()).toEqual([
      '-0644 0:0 /made "made\\n"',
      '-0755 0:0 /bin/busybox',
      '-0755 0:0 /bin/sh',
      'd0755 0:0 /',
      'd0755 0:0 /bin',
    ]);
    expect(image.config.config).toMatchObject({ Entrypoint: ['/bin/busybox'], WorkingDir: '/' });
  });

  it('--disk lays the base out anew, once', async () => {
    const lines = 'FROM base:test\nRUN echo x >/x\n';
    const first = await bench.build(lines, { diskBytes: 96 * mib });
    expect(first.diskBytes).toBe(96 * mib);
    const again = await bench.build(lines, { diskBytes: 96 * mib });
    expect(again.outcomes).toEqual(['cached']);
    expect(again.ledger.byKind).not.toHaveProperty('layout');
    expect(again.ledger.byKind).not.toHaveProperty('tree');
    const usual = await bench.build(lines);
    expect(usual.diskBytes).toBe(256 * mib);
    const trees = [await bench.image(first.digest), await bench.image(usual.digest)];
    expect(await trees[0]?.list()).toEqual(await trees[1]?.list());
    await expect(bench.build(lines, { diskBytes: mib })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('not a possible disk size') as string,
    });
    const context = { large: 'x'.repeat(17 * mib) };
    const copy = bench.build('FROM base:test\nCOPY large /', { context, diskBytes: 16 * mib });
    await expect(copy).rejects.toMatchObject({ code: 'image_too_large', data: { line: 2 } });
  });
});
