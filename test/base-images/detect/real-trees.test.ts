import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BaseFacts } from '../../../base-images/detect/base-facts.ts';
import { detectBase } from '../../../base-images/detect/detect-base.ts';
import { directoryFiles } from '../../../base-images/files/directory-files.ts';
import { findRelease } from '../../../base-images/releases/find-release.ts';
import { loadReleases } from '../../../base-images/releases/load-releases.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import { hasCode, systemErrorCode } from '../../../src/index.ts';
import { isRoot } from '../../support/scratch.ts';

const releases = await loadReleases();

/** What a command says; null where there is none, or it fails. */
async function said(command: string, ...args: readonly string[]): Promise<string | null> {
  try {
    const { stdout, exitCode } = await runCommand(command, args);
    return exitCode === 0 ? stdout.toString('latin1').trim() : null;
  } catch (error) {
    if (hasCode(error, 'tool_missing')) return null;
    throw error;
  }
}

describe('this very machine', () => {
  const detected: Promise<BaseFacts> = detectBase(directoryFiles('/'), { releases });

  it('has the packages that dpkg says it has', async (ctx) => {
    const format = '${Package} ${Version} ${Architecture} ${db:Status-Status}\n';
    const list = await said('dpkg-query', '--show', `--showformat=${format}`);
    if (list === null) return ctx.skip('there is no dpkg here');
    const { packages } = await detected;
    const installed = list.split('\n').filter((line) => line.endsWith(' installed'));
    expect(packages.count).toBe(installed.length);
    for (const line of installed) {
      const [name = '', version, architecture] = line.split(' ');
      const found = packages.get(name);
      if (found?.architecture === architecture) expect(found?.version).toBe(version);
    }
  });

  it('has the libc, the architecture and the programs that it says it has', async (ctx) => {
    const libc = await said('getconf', 'GNU_LIBC_VERSION');
    if (libc === null) return ctx.skip('there is no getconf of glibc here');
    const facts = await detected;
    expect(`glibc ${facts.libc.version}`).toBe(libc);
    const words: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };
    expect(facts.architecture?.name).toBe(words[process.arch] ?? process.arch);
    const bash = await said('sh', '-c', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v bash');
    expect(facts.tools.bash === null).toBe(bash === null);
  });

  it('has the accounts that getent says it has', async (ctx) => {
    const line = await said('getent', '-s', 'files', 'passwd', '0');
    if (line === null) return ctx.skip('there is no getent here');
    const { users } = await detected;
    const { name, uid, gid, home, shell } = users.byUid(0) ?? {};
    const [, , , , comment] = line.split(':');
    expect(`${name}:x:${uid}:${gid}:${comment}:${home}:${shell}`).toBe(line);
  });
});

describe('trees of real packages', () => {
  // Where tests of sudo keep theirs; they are made there once, in a minute or two each.
  const cache = process.env['ASHLAR_TEST_CACHE'] || join(homedir(), '.cache', 'ashlar-tests');
  const trees = treesIn(join(cache, 'sudo-chroots'));

  it.skipIf(trees.length === 0 || !isRoot)(
    'are what their data say (skipped: none in the cache of tests, or not root)',
    async () => {
      for (const codename of trees) {
        const release = findRelease(releases, codename);
        const files = directoryFiles(join(cache, 'sudo-chroots', codename));
        const facts = await detectBase(files, { releases });
        expect(facts).toMatchObject({
          release: release.id,
          family: 'debian',
          libc: release.image.libc.value,
          usrMerged: release.image.usrMerged.value,
          coreutils: release.image.coreutils.value,
          sudo: { program: { engine: release.sudo.engine.value, how: 'package', setuid: true } },
          sudoers: {
            lines: release.sudoers.lines.value,
            bytes: release.sudoers.bytes.value,
            include: release.sudoers.include.value,
          },
          problems: [],
        });
        const [rust] = facts.sudo.others;
        const packaged = release.sudo.sudoRs.value;
        if (rust !== undefined) expect(rust.packageVersion).toBe(packaged);
      }
    },
  );

  function treesIn(directory: string): readonly string[] {
    try {
      const entries = readdirSync(directory, { withFileTypes: true });
      const known = new Set(releases.map(({ os }) => os.codename));
      return entries.flatMap((entry) =>
        entry.isDirectory() && known.has(entry.name) ? [entry.name] : [],
      );
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }
});
