import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isRoot, scratchDir } from '../../support/scratch.ts';
import { compare, judge, systemOf } from './compare.ts';
import { generateSetup } from './generate-setup.ts';
import { runReal } from './real-sudo.ts';
import { createTally } from './tally.ts';

const build = {
  name: 'host',
  provider: 'sudo',
  sudo: '/usr/bin/sudo',
  visudo: '/usr/sbin/visudo',
} as const;
const count = 50;

/** Why this machine's own sudo cannot be asked; null where it can. */
function whyNot(): string | null {
  if (!isRoot) return 'needs root';
  for (const path of [build.sudo, build.visudo, '/usr/bin/setpriv', '/usr/bin/dpkg-query']) {
    if (!existsSync(path)) return `needs ${path}`;
  }
  const script =
    'mkdir -p /mnt && mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w && mount -t overlay -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w o /etc';
  const tried = spawnSync('unshare', [
    '--mount',
    '--uts',
    '--net',
    '--pid',
    '--fork',
    'sh',
    '-c',
    script,
  ]);
  return tried.status === 0 ? null : 'needs namespaces and an overlay on /etc';
}

const reason = whyNot();

describe(`the judge and this machine's sudo${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  const scratch = scratchDir('sudoers');

  it.skipIf(reason !== null)(`agree on ${count} generated set-ups`, async () => {
    const version = execFileSync('dpkg-query', ['-W', '--showformat=${Version}', 'sudo'], {
      encoding: 'utf8',
    });
    const engine = { provider: 'sudo', version } as const;
    const setups = Array.from({ length: count }, (_, index) => generateSetup(1_000_000 + index));
    const system = systemOf('/');
    mkdirSync(`${scratch}/out`);
    const answers =
      (await runReal({ root: '/', builds: [build], setups, scratch, timeoutMs: 90_000 })).get(
        build.name,
      ) ?? [];
    expect(answers).toHaveLength(count);
    const tally = createTally(engine);
    for (const [index, setup] of setups.entries()) {
      const answer = answers[index];
      if (answer === undefined) continue;
      const verdict = await judge(setup, engine, system);
      const open = tally.add(setup, await compare(setup, verdict, answer, system));
      expect(open, `set-up ${index}`).toEqual([]);
    }
    // Who may do what was asked and told in most of them, and each answer came up.
    const { nopasswd, password, denied } = tally.answers;
    expect(nopasswd + password + denied).toBeGreaterThan(2 * count);
    expect(Math.min(nopasswd, password, denied)).toBeGreaterThan(count / 5);
    // The real programs had both to praise and to blame.
    const codes = answers.map(({ visudo }) => visudo.exitCode);
    expect(codes).toContain(0);
    expect(codes).toContain(1);
    expect(answers.some(({ probes }) => probes[0]?.exitCode === 0)).toBe(true);
  });
});
