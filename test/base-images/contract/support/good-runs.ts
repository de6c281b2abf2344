import type {
  Boot,
  RunRequest,
  Runner,
  RunResult,
} from '../../../../base-images/contract/runner.ts';
import { authority, commonAuthority } from './authorities.ts';

export interface Said {
  readonly exitCode?: number;
  readonly stdout?: string | Buffer;
  readonly stderr?: string | Buffer;
}

export function said({ exitCode = 0, stdout = '', stderr = '' }: Said): RunResult {
  return { exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) };
}

/** Gives what a container says in place of what a good one would; undefined leaves that. */
export type Answer = (request: RunRequest) => Said | undefined;

/** A container of the good base, as far as the checks ask it. */
export function runner(answer: Answer = () => undefined): Runner {
  return { run: async (request) => said(answer(request) ?? goodAnswer(request)) };
}

function goodAnswer({ argv, user }: RunRequest): Said {
  const line = argv.join(' ');
  if (line.startsWith('sudo ') && user !== 'user')
    return { exitCode: 1, stderr: `no rule for ${user}` };
  const known = [...answers].find(([start]) => line.startsWith(start));
  return known?.[1] ?? { exitCode: 127, stderr: `${line}: not found` };
}

const environment = `HOME=/root\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nSUDO_USER=user\n`;
const scripts = '/bin/sh -c';

const answers = new Map<string, Said>([
  // 1.8.31 says this in every container, and it is no matter.
  [
    'sudo -n id -u',
    { stdout: '0\n', stderr: 'sudo: setrlimit(RLIMIT_CORE): Operation not permitted\n' },
  ],
  [
    'sudo -n -l',
    {
      stdout:
        'Matching Defaults entries for user on ashlar:\n    env_reset\n\nUser user may run the following commands on ashlar:\n    (ALL : ALL) NOPASSWD: ALL\n',
    },
  ],
  ['sudo -n -u www-data id -u', { stdout: '33\n' }],
  ['sudo -n ASHLAR_CHECK=seen env', { stdout: `${environment}ASHLAR_CHECK=seen\n` }],
  ['sudo -n env', { stdout: environment }],
  [
    '/usr/sbin/visudo -c',
    { stdout: '/etc/sudoers: parsed OK\n/etc/sudoers.d/zz-ashlar: parsed OK\n' },
  ],
  [`${scripts} while read -r line; do case`, { stdout: 'NoNewPrivs:\t0\n' }],
  [
    `${scripts} while read -r line; do echo`,
    {
      stdout:
        '22 1 0:20 / / rw,relatime - overlay overlay rw\n23 22 0:21 / /proc rw,nosuid - proc proc rw\n',
    },
  ],
  [`${scripts} [ -u`, {}],
  [`${scripts} [ -c /dev/null`, {}],
  ['apt-get -o', { stdout: 'Reading package lists...\n' }],
  [
    `${scripts} update-ca-certificates`,
    { stdout: commonAuthority + authority, stderr: '0 added, 0 removed; done.\n' },
  ],
  ['/usr/bin/node --version', { stdout: 'v20.11.0\n' }],
]);

export const bootTimeMs = Date.UTC(2026, 10, 22, 12);

const goodReport = {
  kernel: '6.1.0-37-cloud-amd64',
  cgroup2: 'yes',
  cgroup1: 'yes',
  clock: String(bootTimeMs / 1000 - 4),
  init: '/sbin/init',
  agent: 'answers',
  sudo: '0',
  first: 'init',
  hostname: 'ashlar',
  hosts: 'yes',
};

/** A machine of the good base; a value of null is not told. */
export function machine(changes: Readonly<Record<string, string | null>> = {}): Boot {
  const report = Object.entries({ ...goodReport, ...changes });
  const lines = report.flatMap(([key, value]) =>
    value === null ? [] : [`ashlar-check ${key}=${value}\n`],
  );
  return { run: async () => said({ stdout: lines.join('') }) };
}
