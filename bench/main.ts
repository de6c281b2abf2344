/** `npm run bench [-- NAME ...] [--quick] [--rounds N] [--json FILE]`: see README.md. */
import { writeFile } from 'node:fs/promises';
import { cpus, homedir, release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createTempDir } from '../src/index.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { dedup } from './dedup.ts';
import { importBase } from './import.ts';
import { mirror } from './mirror.ts';
import { nothingChanged } from './nothing-changed.ts';
import { formatSheet, sheetDocument } from './print-sheet.ts';
import { rebuild } from './rebuild.ts';
import { registryCache } from './registry-cache.ts';
import { sameDigest } from './same-digest.ts';
import { setup } from './setup.ts';
import { createSheet, type Sheet } from './sheet.ts';

const benchmarks: readonly Benchmark[] = [
  dedup,
  rebuild,
  nothingChanged,
  importBase,
  sameDigest,
  setup,
  mirror,
  registryCache,
];
const usage = `usage: npm run bench [-- NAME ...] [--quick] [--rounds N] [--json FILE]
names: ${benchmarks.map(({ name }) => name).join(', ')}; default: all`;

const request = readRequest(process.argv.slice(2));
if (request === null) {
  process.stderr.write(`${usage}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await runBenchmarks(request);
}

interface Request {
  readonly chosen: readonly Benchmark[];
  readonly scale: 'full' | 'quick';
  readonly rounds: number;
  readonly jsonFile: string | undefined;
}

/** Null when it cannot be understood. */
function readRequest(argv: readonly string[]): Request | null {
  const options = {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    json: { type: 'string' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    const isKnown = positionals.every((name) => benchmarks.some((known) => known.name === name));
    const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
    if (!isKnown || !Number.isSafeInteger(rounds) || rounds < 1) return null;
    const chosen =
      positionals.length === 0
        ? benchmarks
        : benchmarks.filter(({ name }) => positionals.includes(name));
    return { chosen, scale: values.quick ? 'quick' : 'full', rounds, jsonFile: values.json };
  } catch (error) {
    // What `parseArgs` throws for an option that it does not know.
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** The exit code: 0 when all was measured, met or not; 1 when something could not be measured. */
async function runBenchmarks(request: Request): Promise<number> {
  const { chosen, scale, rounds, jsonFile } = request;
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
  await using work = await createTempDir(tmpdir(), 'ashlar-bench');
  const context: BenchContext = {
    repoDir: resolve(import.meta.dirname, '..'),
    workDir: work.path,
    cacheDir: process.env['ASHLAR_BENCH_CACHE'] || join(homedir(), '.cache', 'ashlar-bench'),
    scale,
    rounds,
    caFile: process.env['NODE_EXTRA_CA_CERTS'] || undefined,
    signal: interrupted.signal,
    say: (line) => process.stderr.write(`${line}\n`),
  };
  const sheet = createSheet(interrupted.signal);
  for (const benchmark of chosen) {
    context.say(`# ${benchmark.name}`);
    await sheet.attempt(benchmark.name, 'the rest', () => benchmark.run(context, sheet));
  }
  await report(request, sheet);
  if (jsonFile !== undefined) {
    const document = { machine: machine(), scale, rounds, ...sheetDocument(sheet) };
    await writeFile(jsonFile, `${JSON.stringify(document, null, 2)}\n`);
  }
  return sheet.lacks.length === 0 ? 0 : 1;
}

async function report({ scale, rounds }: Request, sheet: Sheet): Promise<void> {
  const { processor, count, kernel, node } = machine();
  const lines = [
    '',
    `${count} x ${processor}, Linux ${kernel}, Node.js ${node}; ${scale} scale`,
    `Times: median of ${rounds} rounds in turn, A B A B, [least, most]; one round before them is not counted.`,
    '',
    formatSheet(sheet),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function machine(): { processor: string; count: number; kernel: string; node: string } {
  const [first] = cpus();
  return {
    processor: first?.model.trim() ?? 'unknown processor',
    count: cpus().length,
    kernel: release(),
    node: process.versions.node,
  };
}
