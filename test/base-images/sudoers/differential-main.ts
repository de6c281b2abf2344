/**
 * The judge against real builds, on generated set-ups: `node test/base-images/sudoers/differential-main.ts [COUNT] [FIRST] [SUITE,…]`.
 * Needs root, mmdebstrap and Debian's packages; the systems are made once, below the cache directory, where what differs is left too.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare, judge, systemOf } from './compare.ts';
import { generateSetup } from './generate-setup.ts';
import { type RealAnswer, type RealBuild, runReal } from './real-sudo.ts';
import type { Setup } from './setup.ts';
import { createTally } from './tally.ts';

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

interface Run {
  readonly suite: string;
  readonly build: RealBuild;
  readonly root: string;
}

async function runBuild({ suite, build, root }: Run): Promise<void> {
  const version = versionOf(root, build.provider);
  const engine = { provider: build.provider, version };
  const system = systemOf(root);
  const tally = createTally(engine);
  const shown: string[] = [];
  const started = performance.now();
  for (let from = first; from < first + count; from += batch) {
    const most = Math.min(batch, first + count - from);
    const setups = Array.from({ length: most }, (_, index) => generateSetup(from + index));
    for (const [index, answer] of (await ask({ suite, build, root }, setups)).entries()) {
      const setup = setups[index];
      if (setup === undefined) continue;
      const verdict = await judge(setup, engine, system);
      const open = tally.add(setup, await compare(setup, verdict, answer, system));
      if (open.length > 0)
        shown.push(JSON.stringify({ seed: from + index, setup, open, answer }, null, 1));
    }
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  report.push(`${suite} ${build.provider} ${version}, ${seconds} s: ${tally.words()}`);
  writeFileSync(join(cache, `${suite}-${build.name}.differences`), shown.join('\n'));
}

async function ask({ build, root }: Run, setups: readonly Setup[]): Promise<RealAnswer[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'ashlar-sudoers-'));
  try {
    const options = { root, builds: [build], setups, scratch, timeoutMs: 1_800_000 };
    return (await runReal(options)).get(build.name) ?? [];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
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
