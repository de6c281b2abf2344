import { once } from 'node:events';
import { createServer } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChecked } from '../../src/process/run-command.ts';
import { buildImage, writeLayout } from '../oci/support/build-image.ts';
import { startDockerRegistry } from '../oci/support/docker-registry.ts';
import { hasProgram } from '../oci/support/programs.ts';
import { startTestRegistry } from '../oci/support/test-registry.ts';
import { isRoot } from '../support/scratch.ts';
import { type CliBench, type CliError, createCliBench, documentOf, jsonOf } from './cli-bench.ts';

const missing = ['docker-registry', 'skopeo'].filter((name) => !hasProgram(name));
const why = [...(isRoot ? [] : ['needs root']), ...missing.map((name) => `needs ${name}`)].join(
  ', ',
);
let bench: CliBench;

beforeAll(async () => {
  if (why === '') bench = await createCliBench();
});
afterAll(async () => {
  await bench?.requireClean();
  await bench?.[Symbol.asyncDispose]();
});

async function failureOf(base: string): Promise<CliError & { exitCode: number | null }> {
  const result = await bench.build(`# a comment\nFROM ${base}\nCOPY Dockerfile /x\n`, {
    args: ['--output', 'json'],
  });
  return { ...documentOf(result).error, exitCode: result.exitCode };
}

describe.skipIf(why !== '')(`a base in a registry ${why}`, () => {
  it('is pulled, named, and used again without the registry', async () => {
    await using registry = await startDockerRegistry();
    const base = `${registry.host}/team/base:v1`;
    const layout = await bench.context({});
    const image = buildImage({
      layers: [{ tar: readFileSync(bench.baseArchive), compression: 'gzip' }],
    });
    writeLayout(layout, { base: image });
    const copy = [
      'copy',
      '--quiet',
      '--dest-tls-verify=false',
      `oci:${layout}:base`,
      `docker://${base}`,
    ];
    await runChecked('skopeo', copy);
    const dockerfile = `FROM ${base}\nCOPY Dockerfile /x\n`;
    const first = await bench.build(dockerfile, { args: ['--disk', '256M'] });
    expect([first.exitCode, first.stderr]).toEqual([
      0,
      expect.stringContaining(`base ${base} from the registry: `),
    ]);
    const again = await bench.build(dockerfile, { args: ['--disk', '256M'] });
    expect(again.stderr).toContain(`base ${base} from the store: `);
    expect(again.stdout).toBe(first.stdout);
    const pulled = await bench.build(dockerfile, { args: ['--disk', '256M', '--pull'] });
    expect(pulled.stderr).toContain(`base ${base} from the registry: `);
    expect(pulled.stderr).toContain('#1 CACHED');
    const listed = await bench.run(['image', 'inspect', base, '--output', 'json']);
    expect((jsonOf(listed) as { config: object }).config).toMatchObject({
      config: { Cmd: ['sh'] },
    });

    const none = await failureOf(`${registry.host}/team/none:v1`);
    expect(none).toMatchObject({
      exitCode: 2,
      code: 'base_not_found',
      class: 'caller',
      data: { line: 2, excerpt: `2 | FROM ${registry.host}/team/none:v1` },
    });
    expect(none.message).toContain(`Dockerfile:2: `);
    const noTag = await failureOf(`${registry.host}/team/base:v2`);
    expect(noTag).toMatchObject({ exitCode: 2, code: 'base_not_found' });
  });

  it('is not there because the registry is down, or is none', async () => {
    const closed = createServer();
    closed.listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    closed.close();
    const down = await failureOf(`127.0.0.1:${port}/base:v1`);
    expect(down).toMatchObject({
      exitCode: 5,
      code: 'registry_unavailable',
      class: 'upstream',
      data: { line: 2 },
    });
    const invalid = await failureOf('UPPER/Case:v1');
    expect(invalid).toMatchObject({ exitCode: 2, code: 'reference_invalid', data: { line: 2 } });
  });

  it('has a layer that is corrupt: nothing of it is kept', async () => {
    const tar = readFileSync(bench.baseArchive);
    const image = buildImage({ layers: [{ tar, compression: 'gzip' }] });
    await using registry = await startTestRegistry({ v1: image });
    const layer =
      [...image.blobs].toSorted(([, left], [, right]) => right.length - left.length)[0]?.[0] ?? '';
    registry.faults.push((request, response, bytes) => {
      if (!request.path.endsWith(layer) || bytes === null) return false;
      const wrong = Buffer.from(bytes);
      wrong.writeUInt8(wrong.readUInt8(wrong.length >> 1) ^ 1, wrong.length >> 1);
      response.writeHead(200, { 'content-length': String(wrong.length) }).end(wrong);
      return true;
    });
    const base = `${registry.host}/base:v1`;
    const corrupt = await failureOf(base);
    expect(corrupt).toMatchObject({
      exitCode: 5,
      code: 'registry_corrupt',
      class: 'upstream',
      data: { line: 2 },
    });
    expect((await bench.run(['image', 'inspect', base])).exitCode).toBe(2);
    registry.faults.length = 0;
    const good = await bench.build(`FROM ${base}\nCOPY Dockerfile /x\n`);
    expect([good.exitCode, (await bench.run(['store', 'fsck'])).exitCode]).toEqual([0, 0]);
  });
});
