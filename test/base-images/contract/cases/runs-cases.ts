import { AshlarError } from '../../../../src/index.ts';
import type { Boot } from '../../../../base-images/contract/runner.ts';
import { commonAuthority } from '../support/authorities.ts';
import { baseWith, goodBase, program } from '../support/good-base.ts';
import { machine } from '../support/good-runs.ts';
import { type Cases, container, booted, withStatus } from './case.ts';

const oldSystemd = {
  'usr/sbin/init': { target: '/lib/systemd/systemd' },
  'usr/lib/systemd/systemd': program,
  'var/lib/dpkg/status': withStatus({ systemd: '229-4ubuntu21' }),
};

const noBoot = new AshlarError('boot_failed', 'the machine ended before it reported');

const gaveUp = new AshlarError(
  'boot_check_failed',
  "the image's own init gave up: mnt-data.mount loaded failed failed /mnt/data\nLast lines of the console:\nYou are in emergency mode.",
);

/** Boots, but not with its own init. */
const withoutInit: Boot = {
  async run(argv, init) {
    if (init === 'image') throw gaveUp;
    return machine().run(argv, init);
  },
};

/** What is run in a container and in a machine. */
export const runCases: Cases = {
  'sudo-runs': {
    fails: container(({ argv }) =>
      argv.includes('id')
        ? {
            exitCode: 1,
            stderr: Buffer.from('sudo: parse error in \xb0\xff near line 1\n', 'latin1'),
          }
        : undefined,
    ),
    says: /sudo -n id -u as user ended with 1/,
    acts: 'author',
    at: null,
  },
  'sudo-lists': {
    fails: container(({ argv }) =>
      argv.includes('-l')
        ? { stdout: 'User user may run:\n    (root) NOPASSWD: /bin/ls\n' }
        : undefined,
    ),
    says: /sudo -n -l as user ended with 0/,
    acts: 'author',
    at: null,
  },
  'sudo-other-user': {
    fails: container(({ argv }) =>
      argv.includes('-u') ? { exitCode: 1, stderr: 'sudo: a password is required\n' } : undefined,
    ),
    says: /sudo -n -u www-data id -u as user ended with 1/,
    acts: 'author',
    at: null,
  },
  'sudo-passes-variables': {
    fails: container(({ argv }) => (argv.includes('env') ? { stdout: 'HOME=/root\n' } : undefined)),
    says: /without the variable/,
    acts: 'author',
    at: null,
  },
  'sudo-home': {
    fails: container(({ argv }) =>
      argv.includes('env') ? { stdout: 'HOME=/home/user\nPATH=/usr/bin\n' } : undefined,
    ),
    says: /HOME=\/home\/user, where \/root was expected/,
    acts: 'author',
    at: null,
  },
  'sudo-path': {
    fails: container(({ argv }) =>
      argv.includes('env') ? { stdout: 'HOME=/root\nPATH=/usr/bin:/bin\n' } : undefined,
    ),
    says: /does not have \/usr\/local\/bin/,
    acts: 'author',
    at: null,
  },
  'visudo-agrees': {
    fails: container(({ argv }) =>
      argv.includes('-c') && argv[0] !== '/bin/sh'
        ? { exitCode: 1, stderr: '/etc/sudoers:54:2: syntax error\n' }
        : undefined,
    ),
    says: /visudo -c ends with 1, and 0 was expected/,
    acts: 'author',
    at: 'etc/sudoers:54',
  },
  'setuid-kept': {
    fails: container(({ argv }) =>
      argv[2]?.startsWith('[ -u') === true ? { exitCode: 1 } : undefined,
    ),
    says: /\/usr\/bin\/sudo does not have it/,
    acts: 'operator',
    at: null,
  },
  'no-new-privileges': {
    fails: container(({ argv }) =>
      argv[2]?.includes('NoNewPrivs') === true ? { stdout: 'NoNewPrivs:\t1\n' } : undefined,
    ),
    says: /NoNewPrivs is 1/,
    acts: 'operator',
    at: null,
  },
  'no-nosuid': {
    fails: container(({ argv }) =>
      argv[2]?.includes('mountinfo') === true
        ? { stdout: '22 1 0:20 / / rw,nosuid,relatime - overlay overlay rw\n' }
        : undefined,
    ),
    says: /\/usr\/bin\/sudo is on \/ \(rw,nosuid,relatime\)/,
    acts: 'operator',
    at: null,
  },
  'dev-null-in-container': {
    fails: container(({ argv }) =>
      argv[2]?.startsWith('[ -c /dev/null') === true ? { exitCode: 1 } : undefined,
    ),
    says: /\/dev\/null does not work/,
    acts: 'operator',
    at: null,
  },
  'threads-start': {
    fails: container(({ argv }) =>
      argv[0] === 'apt-get'
        ? { exitCode: 100, stderr: "E: Problem executing scripts APT::Update::Pre-Invoke 'true'\n" }
        : undefined,
    ),
    says: /Problem executing scripts/,
    acts: 'operator',
    at: null,
  },
  'ca-update': {
    fails: container(({ argv }) =>
      argv[2]?.startsWith('update-ca') === true
        ? { stdout: commonAuthority, stderr: '0 added, 0 removed; done.\n' }
        : undefined,
    ),
    says: /1 of 2 certificates are gone/,
    acts: 'author',
    at: 'etc/ssl/certs/ca-certificates.crt',
  },
  'node-starts': {
    passes: container(() => undefined, { 'usr/bin/node': program }),
    fails: container(
      ({ argv }) =>
        argv.includes('--version')
          ? { exitCode: 1, stderr: "node: version `GLIBC_2.28' not found\n" }
          : undefined,
      { 'usr/bin/node': program },
    ),
    says: /\/usr\/bin\/node --version ended with 1/,
    acts: 'author',
    at: 'usr/bin/node',
  },
  'machine-boots': {
    fails: { tree: goodBase, boot: { run: () => Promise.reject(noBoot) } },
    says: /the machine ended before it reported/,
    acts: 'author',
    at: null,
  },
  'kernel-recent': {
    fails: booted({ kernel: '4.19.0-27-amd64' }),
    says: /Linux 4\.19\.0-27-amd64 is older than 5\.10/,
    acts: 'operator',
    at: null,
  },
  'cgroup-2-mounts': {
    fails: booted({ cgroup2: 'no' }),
    says: /cgroup2 cannot be mounted/,
    acts: 'operator',
    at: null,
  },
  'cgroup-1-for-old-systemd': {
    passes: { tree: baseWith(oldSystemd), boot: machine() },
    fails: { tree: baseWith(oldSystemd), boot: machine({ cgroup1: 'no' }) },
    says: /name=systemd cannot be mounted/,
    acts: 'operator',
    at: null,
  },
  'machine-clock': {
    fails: booted({ clock: '1700000000' }),
    says: /it is -\d+ s off/,
    acts: 'operator',
    at: null,
  },
  'machine-init': {
    fails: booted({ init: null }),
    says: /none of \/sbin\/init/,
    acts: 'author',
    at: 'sbin/init',
  },
  'agent-answers': {
    fails: booted({ agent: '' }),
    says: /busybox does not run in the machine/,
    acts: 'author',
    at: 'usr/lib/ashlar/busybox',
  },
  'machine-sudo': {
    fails: booted({ sudo: '' }),
    says: /sudo -n id -u as user does not print 0/,
    acts: 'author',
    at: null,
  },
  'machine-own-init': {
    fails: { tree: goodBase, boot: withoutInit },
    says: /the image's own init gave up: mnt-data\.mount/,
    acts: 'author',
    at: null,
  },
  'machine-hostname': {
    fails: booted({ hosts: null }),
    says: /\/etc\/hosts does not have ashlar/,
    acts: 'author',
    at: 'etc/hosts',
  },
};
