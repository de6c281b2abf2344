import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliBench, createCliBench, documentOf, jsonOf, whyNoSteps } from './cli-bench.ts';
import { hidePrograms } from './hide-programs.ts';

let bench: CliBench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createCliBench();
});
afterAll(async () => {
  await bench?.requireClean();
  await bench?.[Symbol.asyncDispose]();
});

/** All that a RUN step cannot do without. */
const tools = ['crun', 'runc', 'unshare', 'nsenter', 'mke2fs', 'tar', 'mount'];

describe.skipIf(whyNoSteps !== '')(`a build that is known ${whyNoSteps}`, () => {
  it('needs neither a runtime nor a mount, on this machine and on another with the same store', async () => {
    const dockerfile = `FROM base:test AS one
RUN echo one >/one
COPY file /
FROM base:test
WORKDIR /made
COPY --from=one /one /file ./
RUN cat one
CMD ["cat", "one"]
`;
    const context = await bench.context({ file: 'content' });
    const args = ['--output', 'json'];
    const first = documentOf(await bench.build(dockerfile, { context, args }));
    expect(first.steps).toMatchObject({ executed: 5, cached: 0 });
    const under = hidePrograms(...tools);
    await utimes(join(context, 'file'), 1, 1);
    const here = await bench.build(dockerfile, { context, args, under });
    expect([here.exitCode, here.stderr]).toEqual([0, expect.stringContaining('#1 CACHED')]);
    expect(documentOf(here)).toMatchObject({
      digest: first.digest,
      steps: { executed: 0, cached: 5 },
    });
    const env = { ASHLAR_HOME: await bench.context({}) };
    const there = await bench.build(dockerfile, { context, args, under, env });
    expect(documentOf(there)).toMatchObject({
      digest: first.digest,
      steps: { executed: 0, cached: 5 },
    });

    await writeFile(join(context, 'file'), 'changed');
    const lacking = hidePrograms('crun', 'runc');
    const changed = await bench.build(dockerfile, { context, args, under: lacking });
    expect(changed.exitCode).toBe(6);
    expect(documentOf(changed).error).toMatchObject({
      code: 'tool_missing',
      class: 'operator',
      data: { line: 7 },
    });
    const rebuilt = documentOf(await bench.build(dockerfile, { context, args }));
    expect(rebuilt.steps).toMatchObject({ executed: 1, cached: 4 });
  });

  it('shows its config in image inspect, and how it came to be', async () => {
    const dockerfile = 'FROM base:test\nRUN true\nENV A=1\nEXPOSE 80\nUSER node\nCMD ["id"]\n';
    const built = await bench.build(dockerfile, { args: ['-t', 'inspected', '--no-setup'] });
    expect(built.exitCode).toBe(0);
    const inspected = await bench.run(['image', 'inspect', 'inspected', '--output', 'json']);
    expect(jsonOf(inspected)).toMatchObject({
      digest: built.stdout.split('\n')[0],
      tags: ['inspected:latest'],
      config: {
        os: 'linux',
        config: {
          Env: [expect.stringMatching(/^PATH=/), 'A=1'],
          ExposedPorts: { '80/tcp': {} },
          User: 'node',
          Cmd: ['id'],
        },
      },
      provenance: { kind: 'build', dockerfile: 'Dockerfile', stages: ['0'] },
    });
    const files = await bench.run(['image', 'files', 'inspected', '/etc', '--output', 'json']);
    const { files: listed } = jsonOf(files) as { files: { path: string }[] };
    expect(listed.map(({ path }) => path).toSorted()).toEqual([
      '/etc',
      '/etc/group',
      '/etc/passwd',
    ]);
  });

  it('shows how it came to be, though it was a step of another before, and says the same later', async () => {
    const context = await bench.context({ a: 'a', b: 'b' });
    const part = 'FROM base:test\nARG V\nCOPY a /a$V\n';
    const args = ['--build-arg', 'V=1', '-t'];
    await bench.build(`${part}COPY b /\n`, { context, args: [...args, 'whole'] });
    const base = jsonOf(await bench.run(['image', 'inspect', 'base:test', '--output', 'json']));
    const shown = async (): Promise<{ provenance: Record<string, unknown> }> => {
      const built = await bench.build(part, { context, args: [...args, 'app:v1'] });
      expect([built.exitCode, built.stderr]).toEqual([0, expect.stringContaining('CACHED')]);
      const inspected = await bench.run(['image', 'inspect', 'app:v1', '--output', 'json']);
      return jsonOf(inspected) as { provenance: Record<string, unknown> };
    };
    const { provenance } = await shown();
    expect(provenance).toMatchObject({
      kind: 'build',
      dockerfile: 'Dockerfile',
      bases: [{ reference: 'base:test', digest: (base as { digest: string }).digest }],
      args: { V: '1' },
    });
    // Its time too: nothing was made anew.
    expect((await shown()).provenance).toEqual(provenance);
  });
});
