/**
 * The judge against real builds, on generated set-ups: `node test/base-images/sudoers/differential-main.ts [COUNT] [FIRST] [SUITE,…]`.
 * Needs root, mmdebstrap and Debian's packages; the systems are made once, below the cache directory.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare, judge, systemOf } from './compare.ts';
import { generateSetup } from './generate-setup.ts';
import { knownFault } from './known-faults.ts';
import { type RealBuild, runReal } from './real-sudo.ts';

const [count = 2_000, first = 0] = process.argv.slice(2, 4).map(Number);
const cache = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'ashlar-tests',
  'sudo-chroots',
);
const classic = {
  name: 'classic',
  provider: 'sudo',
  sudo: '/usr/bin/sudo',
  visudo: '/usr/sbin/visudo',
} as const;
const rust = {
  name: 'rust',
  provider: 'sudo-rs',
  sudo: '/usr/lib/cargo/bin/sudo',
  visudo: '/usr/lib/cargo/bin/visudo',
} as const;
const suites: Readonly<Record<string, readonly RealBuild[]>> = {
  bullseye: [classic],
  bookworm: [classic],
  trixie: [classic, rust],
  forky: [classic, rust],
};
const wanted = process.argv[4]?.split(',') ?? Object.keys(suites);
/** What one run of the shell loop asks. */
const batch = 500;

mkdirSync(cache, { recursive: true });
const report: string[] = [];
await Promise.all(wanted.map((suite) => runSuite(suite)));
for (const line of report.toSorted()) process.stdout.write(`${line}\n`);

async function runSuite(suite: string): Promise<void> {
  const builds = suites[suite] ?? [];
  const root = makeRoot(suite, builds);
  for (const build of builds) await runBuild({ suite, build, root });
}

async function runBuild({
  suite,
  build,
  root,
}: {
  suite: string;
  build: RealBuild;
  root: string;
}): Promise<void> {
  const version = versionOf(root, build.provider);
  const engine = { provider: build.provider, version };
  const system = systemOf(root);
  const totals = { setups: 0, agreed: 0, faults: new Map<string, number>(), differing: 0 };
  const shown: string[] = [];
  const started = performance.now();
  for (let from = first; from < first + count; from += batch) {
    const seeds = Array.from(
      { length: Math.min(batch, first + count - from) },
      (_, index) => from + index,
    );
    const setups = seeds.map(generateSetup);
    const scratch = mkdtempSync(join(tmpdir(), 'ashlar-sudoers-'));
    try {
      const answers =
        (await runReal({ root, builds: [build], setups, scratch, timeoutMs: 1_800_000 })).get(
          build.name,
        ) ?? [];
      for (const [index, setup] of setups.entries()) {
        const answer = answers[index];
        if (answer === undefined) continue;
        const verdict = await judge(setup, engine, system);
        const differences = await compare(setup, verdict, answer, {
          classic: build.provider === 'sudo',
          system,
        });
        const open = differences.filter((difference) => {
          const fault = knownFault(engine, setup, difference);
          if (fault !== null) totals.faults.set(fault, (totals.faults.get(fault) ?? 0) + 1);
          return fault === null;
        });
        totals.setups += 1;
        if (open.length === 0) totals.agreed += 1;
        else totals.differing += 1;
        if (open.length > 0)
          shown.push(JSON.stringify({ seed: seeds[index], setup, open }, null, 1));
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  const faults = [...totals.faults].map(([name, number]) => `${name}: ${number}`).join('; ');
  report.push(
    `${suite} ${build.provider} ${version}: ${totals.agreed} of ${totals.setups} agree, ${seconds} s${faults === '' ? '' : ` (its own faults: ${faults})`}`,
  );
  writeFileSync(join(cache, `${suite}-${build.name}.differences`), shown.join('\n'));
}

function makeRoot(suite: string, builds: readonly RealBuild[]): string {
  const root = join(cache, suite);
  if (existsSync(join(root, 'usr/bin/sudo'))) return root;
  const packages = ['sudo', 'libpam-modules', ...(builds.includes(rust) ? ['sudo-rs'] : [])].join(
    ',',
  );
  const frozen = ['--aptopt=Acquire::Check-Valid-Until "false"'];
  execFileSync('mmdebstrap', [
    '--quiet',
    '--variant=apt',
    `--include=${packages}`,
    ...frozen,
    suite,
    root,
  ]);
  return root;
}

function versionOf(root: string, provider: string): string {
  const format = '--showformat=${Version}';
  return execFileSync('dpkg-query', [`--admindir=${root}/var/lib/dpkg`, '-W', format, provider], {
    encoding: 'utf8',
  });
}
