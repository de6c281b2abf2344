import { describe, expect, it } from 'vitest';
import type { Boot } from '../../../base-images/contract/runner.ts';
import { AshlarError } from '../../../src/index.ts';
import { baseWith, goodBase, goodPackages, packages, program } from './support/good-base.ts';
import { machine } from './support/good-runs.ts';
import { findingOn, findingsOn } from './support/look-at.ts';

const ids = ['machine-own-init', 'machine-hostname'];

/** A machine of which the boot with the image's own init throws. */
function withInit(error: Error): Boot {
  return {
    async run(argv, init) {
      if (init === 'image') throw error;
      return machine().run(argv, init);
    },
  };
}

const unasked = withInit(new Error('its init was started'));

describe("a machine with the image's own init", () => {
  it('is not asked of an init that no boot can tell to run anything', async () => {
    const tree = baseWith({
      'usr/sbin/init': program,
      'var/lib/dpkg/status': packages({ ...goodPackages, upstart: '1.12.1-0ubuntu4.2' }),
    });
    const findings = await findingsOn({ tree, boot: unasked }, ids);
    expect(findings.map(({ status, reason }) => ({ status, reason }))).toEqual(
      Array.from({ length: 2 }, () => ({
        status: 'not-applicable',
        reason: 'its init is upstart, which this boot cannot tell to run a check',
      })),
    );
  });

  it('is asked of an init of any name that reads an inittab, and of systemd', async () => {
    const sysvinit = baseWith({
      'usr/sbin/init': program,
      'etc/inittab': 'id:2:initdefault:\n',
      'var/lib/dpkg/status': packages({ ...goodPackages, 'sysvinit-core': '3.06-4' }),
    });
    const systemd = baseWith({
      'usr/sbin/init': { target: '/usr/lib/systemd/systemd' },
      'usr/lib/systemd/systemd': program,
    });
    for (const tree of [sysvinit, systemd]) {
      const finding = await findingOn({ tree, boot: machine() }, 'machine-own-init');
      expect(finding.status).toBe('passed');
    }
  });

  it('tells of units that failed, though it came up', async () => {
    const boot = machine({ first: 'systemd', state: 'degraded', failed: 'one.service two.mount ' });
    const finding = await findingOn({ tree: goodBase, boot }, 'machine-own-init');
    expect(finding).toMatchObject({
      status: 'passed',
      evidence: [
        'systemd came up; it says that it is degraded',
        'units that failed: one.service two.mount',
      ],
    });
  });

  it('that does not come up fails once, with its console; its name was not seen', async () => {
    const stopped = new AshlarError('boot_timeout', 'it was stopped\nLast lines:\nA start job');
    const boot = withInit(stopped);
    const [ownInit, hostname] = await findingsOn({ tree: goodBase, boot }, ids);
    expect(ownInit).toMatchObject({
      status: 'failed',
      evidence: ['it was stopped', 'Last lines:', 'A start job'],
      failure: { code: 'base_unfit', class: 'author' },
    });
    expect(hostname).toMatchObject({ status: 'not-run' });
  });

  it('is not run where the machine is not at fault', async () => {
    const slow = new AshlarError('boot_too_slow', 'the kernel did not come up');
    const boot = withInit(slow);
    const findings = await findingsOn({ tree: goodBase, boot }, ids);
    expect(findings.map(({ status }) => status)).toEqual(['not-run', 'not-run']);
  });

  it('is named as its image says', async () => {
    const boot = machine({ hostname: 'localhost' });
    expect(await findingOn({ tree: goodBase, boot }, 'machine-hostname')).toMatchObject({
      status: 'failed',
      evidence: ['the machine is named localhost, and /etc/hostname says ashlar'],
      failure: { place: { path: 'etc/hostname', line: null } },
    });
  });
});
