import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { file, tarOf } from '../builder/import/support/layer-records.ts';
import { buildImage, type TestImage } from '../oci/support/build-image.ts';
import { noise } from '../oci/support/byte-streams.ts';
import { startTestRegistry, type TestRegistry } from '../oci/support/test-registry.ts';
import { type CliBench, type CliResult, createCliBench, jsonOf, whyNoSteps } from './cli-bench.ts';

const delayMs = 150;
let bench: CliBench;
let registry: TestRegistry;
let image: TestImage;

beforeAll(async () => {
  if (whyNoSteps !== '') return;
  bench = await createCliBench();
  const large = await tarOf(
    Array.from({ length: 20 }, (_, number) => file(`large/${number}`, noise(1_000_000, number))),
  );
  image = buildImage({
    layers: [
      { tar: readFileSync(bench.baseArchive), compression: 'gzip' },
      { tar: large, compression: 'none' },
    ],
  });
  registry = await startTestRegistry({ slow: image });
  const [, slowLayer] = [...image.blobs.keys()].filter((digest) => isLayer(digest));
  registry.faults.push((request, response, bytes) => {
    if (!request.path.endsWith(slowLayer ?? 'none')) return false;
    setTimeout(() => response.end(bytes), delayMs);
    return true;
  });
});
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await bench?.requireClean();
  await bench?.[Symbol.asyncDispose]();
});

function isLayer(digest: string): boolean {
  return layersOf().includes(digest);
}

function layersOf(): string[] {
  const manifest = JSON.parse(image.bytes.toString('utf8')) as { layers: { digest: string }[] };
  return manifest.layers.map(({ digest }) => digest);
}

interface LedgerDocument {
  readonly wallMs: number;
  readonly unexplainedMs: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly entries: readonly {
    readonly kind: string;
    readonly subject: string;
    readonly part: string | null;
    readonly startMs: number;
    readonly durationMs: number;
    readonly ownMs: number;
  }[];
}

function ledgerOf(result: CliResult): LedgerDocument {
  const { ledger } = jsonOf(result) as { ledger: LedgerDocument };
  const { wallMs, entries, byKind, unexplainedMs } = ledger;
  const starts = entries.map(({ startMs }) => startMs);
  expect(starts).toEqual(starts.toSorted((left, right) => left - right));
  for (const { startMs, durationMs } of entries)
    expect(startMs + durationMs).toBeLessThanOrEqual(wallMs + 1);
  const ownMs = entries.reduce((sum, entry) => sum + entry.ownMs, 0);
  expect(Object.values(byKind).reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(ownMs, 0);
  expect(unexplainedMs / wallMs).toBeLessThan(0.1);
  return ledger;
}

/** Starts of `localhost:PORT` need a name to be looked up. */
function reference(): string {
  return `localhost:${registry.host.split(':')[1]}/app:slow`;
}

const json = ['--output', 'json'];

describe.skipIf(whyNoSteps !== '')(`the ledger in JSON ${whyNoSteps}`, () => {
  it('of an import tells each layer, and what of it was waiting for the registry', async () => {
    const source = `docker://${reference()}`;
    const result = await bench.run(['image', 'import', source, '-t', 'slow', ...json]);
    const { entries, byKind } = ledgerOf(result);
    const unpacked = entries.filter(({ kind }) => kind === 'unpack');
    expect(unpacked.map(({ subject }) => subject)).toEqual(layersOf());
    const [fast, slow] = unpacked;
    const waits = entries.filter(({ kind, subject }) => {
      return kind === 'registry' && subject.endsWith(slow?.subject ?? '');
    });
    expect(waits).toHaveLength(1);
    expect(waits[0]?.durationMs).toBeGreaterThan(delayMs - 10);
    expect(waits[0]?.subject).toMatch(/^GET localhost:\d+\/v2\/app\/blobs\/sha256:/);
    expect(waits[0]?.startMs).toBeGreaterThanOrEqual(slow?.startMs ?? Infinity);
    expect(slow?.durationMs).toBeGreaterThan(delayMs - 10);
    expect((slow?.durationMs ?? 0) - (slow?.ownMs ?? 0)).toBeGreaterThan(delayMs - 10);
    expect((fast?.startMs ?? 0) + (fast?.durationMs ?? 0)).toBeLessThan(slow?.startMs ?? 0);
    for (const kind of ['start', 'source', 'dns', 'connect', 'layout', 'compress', 'upload'])
      expect(byKind).toHaveProperty(kind);
    expect(entries[0]).toMatchObject({ kind: 'start', subject: 'program', startMs: 0 });
  });

  it('of a build tells each step by its line, and what FROM waited for', async () => {
    const dockerfile = `# a comment
FROM ${reference()} AS base
RUN sleep 0.2 && \\
    echo made >/made
COPY Dockerfile /x
`;
    const result = await bench.build(dockerfile, { args: [...json, '-t', 'told'] });
    const { entries } = ledgerOf(result);
    const of = (line: string): string[] =>
      entries.flatMap(({ kind, part }) => (part?.startsWith(`line ${line}: `) ? kind : []));
    for (const kind of ['source', 'dns', 'connect', 'registry', 'unpack', 'layout'])
      expect(of('2')).toContain(kind);
    expect(of('3')).toEqual(expect.arrayContaining(['mount', 'exec', 'diff', 'cleanup', 'layout']));
    expect(of('5')).toEqual(expect.arrayContaining(['context', 'unpack', 'layout', 'upload']));
    const exec = entries.find(({ kind }) => kind === 'exec');
    expect(exec).toMatchObject({
      subject: 'line 3: RUN sleep 0.2 && \\',
      part: 'line 3: RUN sleep 0.2 && \\',
    });
    expect(exec?.durationMs).toBeGreaterThan(200);
    expect(entries.find(({ subject }) => subject === 'told:latest')).toMatchObject({
      kind: 'upload',
      part: null,
    });
  });

  it('of a build that nothing has changed for explains it too', async () => {
    const dockerfile = 'FROM base:test\nRUN true\n';
    await bench.build(dockerfile, { args: json });
    const { byKind } = ledgerOf(await bench.build(dockerfile, { args: json }));
    expect(Object.keys(byKind).toSorted()).toEqual([
      'cache',
      'cleanup',
      'context',
      'start',
      'upload',
    ]);
  });
});
