import { describe, expect, it } from 'vitest';
import { selectChecks } from '../../../base-images/contract/check-base.ts';
import type { Boot, Runner } from '../../../base-images/contract/runner.ts';
import { AshlarError, type ErrorCode, hasCode } from '../../../src/index.ts';
import { baseWith, dropIn, goodBase } from './support/good-base.ts';
import { machine, runner } from './support/good-runs.ts';
import { findingOn, findingsOn } from './support/look-at.ts';

const error = (code: ErrorCode, message = 'as the test has it'): AshlarError =>
  new AshlarError(code, message);

function failingRunner(failure: Error): Runner {
  return { run: () => Promise.reject(failure) };
}

describe('checks that cannot be run', () => {
  it('are not run, with the reason, where this machine lacks what they need', async () => {
    const run = failingRunner(error('privilege_missing', 'only root can start containers'));
    const finding = await findingOn({ tree: goodBase, run }, 'sudo-runs');
    expect(finding).toMatchObject({
      status: 'not-run',
      reason: 'only root can start containers',
      failure: null,
    });
  });

  it('are not run where there is no container and no machine', async () => {
    const findings = await findingsOn({ tree: goodBase });
    const places = new Map(findings.map(({ on, status }) => [`${on} ${status}`, true]));
    expect(places.has('container passed')).toBe(false);
    expect(places.has('boot passed')).toBe(false);
    expect(findings.find(({ check }) => check === 'sudo-runs')?.reason).toMatch(/no container/);
  });

  it('fail, as the author’s, where the image is what keeps them', async () => {
    const run = failingRunner(error('step_timeout', 'the step did not end within 120 s'));
    expect(await findingOn({ tree: goodBase, run }, 'sudo-runs')).toMatchObject({
      status: 'failed',
      evidence: ['the step did not end within 120 s'],
      failure: { code: 'step_timeout', class: 'author' },
    });
  });

  it('end everything where the store is damaged, or something is wrong with Ashlar', async () => {
    for (const failure of [error('chunk_corrupt'), new TypeError('undefined')]) {
      const run = failingRunner(failure);
      await expect(findingsOn({ tree: goodBase, run })).rejects.toBe(failure);
    }
  });
});

describe('checks in a machine', () => {
  it('share one boot, and one with the init of the image', async () => {
    const { boot, boots } = counted(machine());
    const findings = await findingsOn({ tree: goodBase, boot });
    expect(findings.filter(({ on, status }) => on === 'boot' && status === 'failed')).toEqual([]);
    expect(boots()).toBe(2);
  });

  it('share one that fails too: it is told once, and what it kept from being seen is not run', async () => {
    const { boot, boots } = counted({
      run: () => Promise.reject(error('boot_timeout', 'the machine did not end within 180 s')),
    });
    const findings = (await findingsOn({ tree: goodBase, boot })).filter(({ on }) => on === 'boot');
    expect(boots()).toBe(1);
    expect(findings.filter(({ status }) => status === 'failed').map(({ check }) => check)).toEqual([
      'machine-boots',
    ]);
    const others = findings.filter(({ check }) => check !== 'machine-boots');
    for (const { status } of others) expect(['not-run', 'not-applicable']).toContain(status);
    expect(others.some(({ reason }) => reason?.includes('did not come so far') === true)).toBe(
      true,
    );
  });

  it('tell of it where they were asked for alone', async () => {
    const boot: Boot = { run: () => Promise.reject(error('boot_failed')) };
    const finding = await findingOn({ tree: goodBase, boot }, 'machine-sudo');
    expect(finding).toMatchObject({ status: 'failed', failure: { class: 'author' } });
  });

  it('are not run where machines cannot run here', async () => {
    const boot: Boot = { run: () => Promise.reject(error('vm_parts_missing', 'no kernel')) };
    for (const { on, status, reason } of await findingsOn({ tree: goodBase, boot }))
      if (on === 'boot' && status !== 'not-applicable')
        expect({ status, reason: reason?.includes('no kernel') }).toEqual({
          status: 'not-run',
          reason: true,
        });
  });
});

describe('the selection of checks', () => {
  it('is by place and by id', () => {
    const inContainers = selectChecks({ on: ['container'] });
    expect(new Set(inContainers.map(({ on }) => on))).toEqual(new Set(['container']));
    expect(selectChecks({ ids: ['sudo-runs'] }).map(({ id }) => id)).toEqual(['sudo-runs']);
    expect(selectChecks({ ids: ['sudo-runs'], on: ['tree'] })).toEqual([]);
  });

  it('refuses an id that there is no check of', () => {
    try {
      selectChecks({ ids: ['sudo-runs', 'sudo-walks'] });
      expect.unreachable();
    } catch (failure) {
      expect(hasCode(failure, 'check_unknown')).toBe(true);
      expect(String(failure)).toContain('"sudo-walks"');
    }
  });
});

describe('a check that does not apply', () => {
  it('says whom it is about', async () => {
    const tree = baseWith({
      'usr/bin/sudo': null,
      'etc/sudoers.d/zz-ashlar': null,
      'usr/lib/ashlar': null,
    });
    const [setuid, hosts] = [
      await findingOn({ tree }, 'sudo-setuid'),
      await findingOn({ tree }, 'hostname-in-hosts'),
    ];
    expect(setuid).toMatchObject({ status: 'not-applicable', reason: 'about images with sudo' });
    expect(hosts).toMatchObject({
      status: 'not-applicable',
      reason: 'about images that were set up',
    });
  });
});

describe('sudo without its file', () => {
  it('locks everybody out, with a mend that puts it back', async () => {
    const finding = await findingOn({ tree: baseWith({ 'etc/sudoers': null }) }, 'sudoers-parses');
    expect(finding).toMatchObject({
      status: 'failed',
      failure: { class: 'author', place: { path: 'etc/sudoers', line: null } },
    });
    expect(finding.failure?.mend).toMatch(/^Put \/etc\/sudoers back/);
  });
});

describe('visudo', () => {
  it('that complains of a line which nothing was known of is a finding, whatever it ends with', async () => {
    const tree = baseWith({ 'etc/sudoers.d/mine': dropIn('garbage here|\n') });
    const says = (line: number): ReturnType<typeof runner> =>
      runner(({ argv }) =>
        argv.includes('-c') && argv[0] !== '/bin/sh'
          ? { exitCode: 1, stderr: `/etc/sudoers.d/mine:${line}:13: syntax error\n` }
          : undefined,
      );
    expect((await findingOn({ tree, run: says(1) }, 'visudo-agrees')).status).toBe('passed');
    expect(await findingOn({ tree, run: says(2) }, 'visudo-agrees')).toMatchObject({
      status: 'failed',
      failure: { place: { path: 'etc/sudoers.d/mine', line: 2 } },
    });
  });
});

describe('a setting that sudo does not know', () => {
  it('is a failure of the author: sudo says it at every call', async () => {
    const tree = baseWith({ 'etc/sudoers.d/mine': dropIn('# mine\nDefaults nonsense_opt\n') });
    expect(await findingOn({ tree }, 'sudoers-lines-hold')).toMatchObject({
      status: 'failed',
      failure: { class: 'author', place: { path: 'etc/sudoers.d/mine', line: 2 } },
    });
  });
});

describe('a mend', () => {
  it('that is copied to a shell runs nothing that the image names its files by', async () => {
    const name = "a; rm -rf '$HOME' #";
    const tree = baseWith({ [`etc/sudoers.d/${name}`]: dropIn('', 0o666) });
    const { failure } = await findingOn({ tree }, 'drop-ins-safe');
    const quoted = `'/etc/sudoers.d/a; rm -rf '\\''$HOME'\\'' #'`;
    expect(failure?.mend).toContain(`RUN chown root:root ${quoted} && chmod 0440 ${quoted}`);
  });
});

describe('noise', () => {
  it('on stderr is no failure, and bytes that are no text are shown as such', async () => {
    const noise = Buffer.from('sudo: unable to resolve host \xb0\xff\n', 'latin1');
    const run = runner(({ argv }) =>
      argv.includes('id') ? { stdout: '0\n', stderr: noise } : undefined,
    );
    const tree = baseWith({
      'etc/sudoers.d/zz-ashlar': dropIn('user ALL=(ALL:ALL) NOPASSWD: ALL\n'),
    });
    const finding = await findingOn({ tree, run }, 'sudo-runs');
    expect(finding.status).toBe('passed');
    expect(finding.evidence).toContain('sudo: unable to resolve host \\xb0\\xff');
  });
});

function counted(boot: Boot): { readonly boot: Boot; readonly boots: () => number } {
  let boots = 0;
  return {
    boot: {
      run(argv, init) {
        boots += 1;
        return boot.run(argv, init);
      },
    },
    boots: () => boots,
  };
}
