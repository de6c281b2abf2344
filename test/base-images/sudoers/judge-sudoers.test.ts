import { describe, expect, it } from 'vitest';
import { memoryFiles, type MemoryFile } from '../../../base-images/files/memory-files.ts';
import { judgeSudoers } from '../../../base-images/sudoers/judge-sudoers.ts';
import type { SudoersVerdict } from '../../../base-images/sudoers/verdict.ts';

const accounts = {
  'etc/passwd':
    'root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/sh\ndev:x:1000:1000::/home/dev:/bin/sh\nnobody\n',
  'etc/group': 'root:x:0:\nsudo:x:27:dev\nwww-data:x:33:\ndev:x:1000:\nops:x:2000:\nbroken\n',
  'usr/bin/id': { mode: 0o755 },
  'usr/bin/ls': { mode: 0o755 },
  bin: { target: 'usr/bin' },
} as const;
const engines = {
  old: { provider: 'sudo', version: '1.8.21p2-3ubuntu1.6' },
  new: { provider: 'sudo', version: '1.9.16p2-3+deb13u2' },
  rust: { provider: 'sudo-rs', version: '0.2.15-1' },
} as const;

function judge(
  sudoers: string,
  options: {
    engine?: keyof typeof engines;
    files?: Record<string, MemoryFile | string>;
    hostname?: string;
    nowMs?: number;
  } = {},
): Promise<SudoersVerdict> {
  const { engine = 'new', files = {}, ...rest } = options;
  const main = { content: sudoers, mode: 0o440 };
  return judgeSudoers({
    files: memoryFiles({ ...accounts, 'etc/sudoers': main, ...files }),
    engine: engines[engine],
    ...rest,
  });
}

const id = { user: 'dev', command: ['/usr/bin/id', '-u'] } as const;

interface Asked {
  readonly user?: string;
  readonly runAs?: string;
  readonly runAsGroup?: string;
  readonly command?: 'ALL' | readonly [string, ...string[]];
}

type Row = readonly [rule: string, answer: string, question?: Asked];

describe('who may do what', () => {
  const rows: readonly Row[] = [
    ['dev ALL=(ALL:ALL) NOPASSWD: ALL', 'nopasswd'],
    ['dev ALL=(ALL:ALL) NOPASSWD: ALL', 'nopasswd', { command: 'ALL' }],
    ['dev ALL=(ALL:ALL) NOPASSWD: ALL', 'nopasswd', { runAs: 'www-data' }],
    ['dev ALL=(ALL:ALL) NOPASSWD: ALL', 'nopasswd', { runAsGroup: 'ops' }],
    ['dev ALL=(ALL) NOPASSWD: ALL', 'denied', { runAsGroup: 'ops' }],
    ['dev ALL=(ALL:ALL) ALL', 'password'],
    ['dev ALL=(root) NOPASSWD: ALL', 'denied', { runAs: 'www-data' }],
    ['dev ALL=NOPASSWD: ALL', 'denied', { runAs: 'www-data' }],
    ['%sudo ALL=(ALL) NOPASSWD: ALL', 'nopasswd'],
    ['%#27 ALL=(ALL) NOPASSWD: ALL', 'nopasswd'],
    ['#1000 ALL=(ALL) NOPASSWD: ALL', 'nopasswd'],
    ['%ops ALL=(ALL) NOPASSWD: ALL', 'denied'],
    ['dev ALL=(ALL) NOPASSWD: ALL\ndev ALL=(ALL) ALL', 'password'],
    ['dev ALL=(ALL) ALL\ndev ALL=(ALL) NOPASSWD: ALL', 'nopasswd'],
    ['dev ALL=(ALL) NOPASSWD: ALL\ndev ALL=(ALL) !/usr/bin/id', 'denied'],
    ['dev ALL=(ALL) NOPASSWD: ALL, PASSWD: /usr/bin/id', 'password'],
    ['dev ALL=(ALL) NOPASSWD: /bin/ls, /bin/id', 'nopasswd'],
    ['dev ALL=(ALL) NOPASSWD: /usr/bin/id', 'denied', { command: 'ALL' }],
    ['dev ALL=(ALL) NOPASSWD: /usr/bin/', 'nopasswd'],
    ['dev ALL=(ALL) NOPASSWD: /usr/bin/id -g', 'denied'],
    ['dev ALL=(ALL) NOPASSWD: /usr/bin/id ""', 'denied'],
    ['ALL, !dev ALL=(ALL) NOPASSWD: ALL', 'denied'],
    ['User_Alias ME = dev\nCmnd_Alias IDS = /usr/bin/id\nME ALL=(ALL) NOPASSWD: IDS', 'nopasswd'],
    ['Host_Alias HERE = otherhost\ndev HERE=(ALL) NOPASSWD: ALL', 'denied'],
    ['dev otherhost=(ALL) NOPASSWD: ALL : localhost=(ALL) ALL', 'password'],
    ['root ALL=(ALL) ALL', 'nopasswd', { user: 'root' }],
    ['dev ALL=(ALL) ALL', 'nopasswd', { runAs: 'dev' }],
    ['ALL ALL=(ALL) NOPASSWD: ALL', 'denied', { user: 'stranger' }],
    ['ALL ALL=(ALL) NOPASSWD: ALL', 'denied', { runAs: 'stranger' }],
    ['ALL ALL=(ALL) NOPASSWD: ALL', 'nopasswd', { runAs: '#33' }],
  ];
  for (const engine of ['new', 'rust'] as const) {
    for (const [rule, answer, question = {}] of rows) {
      it(`${engine}: ${rule}: ${answer} ${JSON.stringify(question)}`, async () => {
        const verdict = await judge(`${rule}\n`, { engine });
        expect(await verdict.allows({ ...id, ...question })).toBe(answer);
      });
    }
  }

  const classicRows: readonly Row[] = [
    ['Defaults !authenticate\ndev ALL=(ALL) ALL', 'nopasswd'],
    ['Defaults:dev !authenticate\ndev ALL=(ALL) ALL', 'nopasswd'],
    ['Defaults:root !authenticate\ndev ALL=(ALL) ALL', 'password'],
    ['Defaults>www-data !authenticate\ndev ALL=(ALL) ALL', 'nopasswd', { runAs: 'www-data' }],
    ['Defaults!/usr/bin/id !authenticate\ndev ALL=(ALL) ALL', 'nopasswd'],
    ['Defaults exempt_group=sudo\ndev ALL=(ALL) ALL', 'nopasswd'],
    ['Defaults runas_default=www-data\ndev ALL=NOPASSWD: ALL', 'nopasswd', { runAs: 'www-data' }],
    ['Defaults !root_sudo\nroot ALL=(ALL) ALL', 'denied', { user: 'root' }],
    ['DEV ALL=(ALL) NOPASSWD: ALL', 'nopasswd'],
    ['dev ALL=(ALL) NOPASSWD: /usr/bin/i[cd]', 'nopasswd'],
    ['dev ALL=(ALL) NOPASSWD: /usr/bin/id -?', 'nopasswd'],
    ['dev ALL=(ALL) NOPASSWD: ^/usr/bin/(id|ls)$ ^-[ug]$', 'nopasswd'],
    ['dev ALL=(ALL) NOPASSWD: ^/usr/bin/ID$', 'denied'],
    ['dev ALL=(ALL) NOPASSWD: ^(?i)/usr/bin/ID$', 'nopasswd'],
    [
      'dev ALL=(ALL) NOPASSWD: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 /usr/bin/id',
      'nopasswd',
    ],
    ['dev ALL=(ALL) NOPASSWD: sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= ALL', 'nopasswd'],
    [`dev ALL=(ALL) NOPASSWD: sha256:${'0'.repeat(64)} /usr/bin/id`, 'denied'],
    ['dev ALL=(:ops) NOPASSWD: ALL', 'nopasswd', { runAsGroup: 'ops' }],
    ['dev ALL=(ALL) NOTAFTER=20200101000000Z NOPASSWD: ALL', 'denied'],
    ['dev ALL=(ALL) NOTBEFORE=20200101000000Z NOPASSWD: ALL', 'nopasswd'],
    ['dev ALL=(ALL) CWD=/tmp TIMEOUT=1h NOPASSWD: ALL', 'nopasswd'],
    ['+team ALL=(ALL) NOPASSWD: ALL', 'denied'],
    ['dev 127.0.0.1=(ALL) NOPASSWD: ALL', 'denied'],
    ['dev local*=(ALL) NOPASSWD: ALL', 'nopasswd'],
    [
      'dev ALL=(ALL) NOPASSWD: sudoedit /etc/motd',
      'nopasswd',
      { command: ['sudoedit', '/etc/motd'] },
    ],
    ['User_Alias A = B\nUser_Alias B = A\nA ALL=(ALL) NOPASSWD: ALL', 'denied'],
  ];
  for (const [rule, answer, question = {}] of classicRows) {
    it(`the C one alone: ${rule}: ${answer} ${JSON.stringify(question)}`, async () => {
      const verdict = await judge(`${rule}\n`, { nowMs: Date.UTC(2026, 0, 1) });
      expect(await verdict.allows({ ...id, ...question })).toBe(answer);
    });
  }

  it('holds between the hosts of a rule and the given host', async () => {
    const verdict = await judge('dev web1=(ALL) NOPASSWD: ALL\n', { hostname: 'web1.example' });
    expect(await verdict.allows(id)).toBe('nopasswd');
  });
});

describe('which files are read', () => {
  const rule = { content: 'dev ALL=(ALL) NOPASSWD: ALL\n', mode: 0o440 };
  const directory = { type: 'directory', mode: 0o755 } as const;

  it.each(['old', 'new', 'rust'] as const)(
    '%s: names why it leaves out what it leaves out',
    async (engine) => {
      const files = {
        'etc/sudoers.d/dev.user': rule,
        'etc/sudoers.d/dev~': rule,
        'etc/sudoers.d/others': { ...rule, uid: 1000 },
        'etc/sudoers.d/open': { ...rule, mode: 0o666 },
        'etc/sudoers.d/sub': directory,
      };
      const verdict = await judge('#includedir /etc/sudoers.d\n', { engine, files });
      const from = { path: '/etc/sudoers', line: 1 };
      expect(verdict.reads).toEqual([{ path: '/etc/sudoers', how: 'main', from: null }]);
      const why = Object.fromEntries(
        verdict.skips.map(({ path, why }) => [path.replace('/etc/sudoers.d/', ''), why]),
      );
      expect(why).toEqual({
        'dev.user': 'dot',
        'dev~': 'tilde',
        others: 'owner',
        open: 'mode',
        sub: 'not-a-file',
      });
      expect(verdict.skips.every((skip) => skip.from?.line === from.line)).toBe(true);
      expect(verdict.lockedOut).toBe(false);
    },
  );

  it('follows links within the image, and never out of it', async () => {
    const files = {
      'etc/sudoers.d/in': { target: '../real' },
      'etc/sudoers.d/out': { target: '../../../../../etc/real' },
      'etc/sudoers.d/gone': { target: '/etc/nothing' },
      'etc/real': rule,
    };
    const verdict = await judge('@includedir /etc/sudoers.d\n', { files });
    expect(verdict.reads.map(({ path }) => path)).toEqual([
      '/etc/sudoers',
      '/etc/sudoers.d/in',
      '/etc/sudoers.d/out',
    ]);
    expect(verdict.skips).toMatchObject([{ path: '/etc/sudoers.d/gone', why: 'not-a-file' }]);
  });

  it.each(['old', 'new', 'rust'] as const)(
    '%s: comes to an end where a file includes itself twice',
    async (engine) => {
      const loop = {
        content: '#include loop\n#include loop\ndev ALL=(ALL) NOPASSWD: ALL\n',
        mode: 0o440,
      };
      const verdict = await judge('#include /etc/loop\n', { engine, files: { 'etc/loop': loop } });
      expect(verdict.skips).toContainEqual({
        path: '/etc/loop',
        why: 'too-deep',
        from: { path: '/etc/loop', line: expect.any(Number) as number },
      });
      expect(verdict.lockedOut).toBe(engine !== 'rust');
    },
  );

  it.each([
    ['@include "/etc/more/with space"', '/etc/more/with space'],
    ['@include /etc/more/with\\ space', '/etc/more/with space'],
    ['@include more/web', '/etc/more/web'],
    ['#include /etc/more/%h', '/etc/more/web'],
  ])('%s is %s', async (line, path) => {
    const files = { 'etc/more/with space': rule, 'etc/more/web': rule };
    const verdict = await judge(`${line}\n`, { files, hostname: 'web.example' });
    expect(verdict.reads.map(({ path }) => path)).toEqual(['/etc/sudoers', path]);
    expect(verdict.problems).toEqual([]);
  });

  it('takes the first that there is in a list of paths, since 1.9.14', async () => {
    const line = '@include /etc/gone:/etc/more/web\n';
    const files = { 'etc/more/web': 'dev ALL=(ALL) NOPASSWD: ALL\n@include extra\n' };
    const judged = await judge(line, {
      files: { ...files, 'etc/extra': '', 'etc/more/extra': 'dev x\n' },
    });
    expect(judged.reads.map(({ path }) => path)).toEqual([
      '/etc/sudoers',
      '/etc/more/web',
      '/etc/extra',
    ]);
    expect(await judged.allows(id)).toBe('nopasswd');
    const visudo = await judge(line, { files });
    expect(visudo.visudo.says).toContain('visudo: /etc/extra: No such file or directory');
    const before = await judgeSudoers({
      files: memoryFiles({ ...accounts, ...files, 'etc/sudoers': { content: line, mode: 0o440 } }),
      engine: { provider: 'sudo', version: '1.9.13p3' },
    });
    expect(before.skips).toMatchObject([{ path: '/etc/gone:/etc/more/web', why: 'missing' }]);
  });

  it('takes a directory in place of /etc/sudoers, and nothing at all, for a lock-out', async () => {
    for (const main of [directory, { target: 'sudoers' }, { target: 'gone' }]) {
      for (const engine of ['old', 'new', 'rust'] as const) {
        const verdict = await judge('', { engine, files: { 'etc/sudoers': main } });
        expect(verdict.lockedOut).toBe(true);
        expect(verdict.lockedOutBy?.path).toBe('/etc/sudoers');
        expect(await verdict.allows({ user: 'root', command: 'ALL' })).toBe('denied');
      }
    }
  });
});

describe('on which line it stumbles', () => {
  it('locks everybody out on the line of the story of 2018', async () => {
    const sudoers = `${'# comment\n'.repeat(29)}#includedir /etc/sudoers.d\n@includedir /etc/sudoers.d\n`;
    const verdict = await judge(sudoers, { engine: 'old' });
    expect(verdict.lockedOutBy).toMatchObject({
      path: '/etc/sudoers',
      line: 31,
      severity: 'fatal',
      what: 'syntax error',
    });
    expect((await judge(sudoers)).lockedOut).toBe(false);
  });

  it('names the line and column of each problem, and goes on', async () => {
    const verdict = await judge('garbage here\ndev ALL=(ALL) NOPASSWD: ALL\nDefaults nonsense\n');
    expect(verdict.problems).toEqual([
      { path: '/etc/sudoers', line: 1, column: 13, what: 'syntax error', severity: 'recovered' },
      {
        path: '/etc/sudoers',
        line: 3,
        column: 18,
        what: 'unknown defaults entry "nonsense"',
        severity: 'warning',
      },
    ]);
    expect(verdict.saysItself[1]).toBe('garbage here');
    expect(verdict.visudo.exitCode).toBe(1);
    expect(await verdict.allows(id)).toBe('nopasswd');
  });

  it('says of a setting that is none what sudo tells those whom it is for, visudo or not', async () => {
    const { problems, visudo } = await judge(
      'Defaults:dev nonsense\ndev ALL=(ALL) NOPASSWD: ALL\n',
    );
    expect(problems).toMatchObject([{ line: 1, severity: 'warning' }]);
    expect(visudo.exitCode).toBe(1);
  });

  it('ends where a continuation leads to the end of the files', async () => {
    const verdict = await judge('root ALL=(ALL) ALL\ndev ALL=(ALL) \\');
    expect(verdict.lockedOut).toBe(true);
    expect(verdict.lockedOutBy).toMatchObject({ path: '/etc/sudoers', severity: 'fatal' });
  });

  it('reports what visudo alone says as such', async () => {
    const verdict = await judge('User_Alias IDLE = dev\nroot ALL=(ALL) ALL\n');
    expect(verdict.problems).toMatchObject([
      { line: 1, severity: 'visudo-only', what: 'unused User_Alias "IDLE"' },
    ]);
    expect(verdict.saysItself).toEqual([]);
    expect(verdict.visudo.exitCode).toBe(0);
  });
});

describe('what sudo-rs alone does', () => {
  const withOld = async (sudoers: string) => {
    const main = { content: sudoers, mode: 0o440 };
    const files = memoryFiles({ ...accounts, 'etc/sudoers': main });
    return judgeSudoers({ files, engine: { provider: 'sudo-rs', version: '0.2.5' } });
  };

  it.each([
    ['dev 10=(ALL) NOPASSWD: ALL\n', 'hosts cannot be specified using an IPv4 address', 5],
    [
      'dev ALL=(ALL) NOPASSWD: /usr/bin/id a*\n',
      'wildcards are not allowed in command arguments',
      25,
    ],
    ['dev ALL=(ALL) NOPASSWD: /usr/bin/id ^a$\n', 'regular expressions are not supported', 25],
    ['dev ALL=(ALL) CHROOT=/ ALL\n', 'CHROOT is not supported by sudo-rs', 15],
    ['dev ALL=(ALL) NOPASSWD: ALL', 'missing line terminator at end of file', 28],
    ['dev ALL=(ALL) NOPASSWD: ALL\r\n', 'garbage at end of line', 28],
    ['+team ALL=(ALL) ALL\n', 'netgroups are not supported yet', 2],
    ['Defaults requiretty\n', "unknown setting: 'requiretty'", 10],
  ])('%j: %s', async (sudoers, what, column) => {
    const verdict = await judge(sudoers, { engine: 'rust' });
    expect(verdict.problems).toContainEqual({
      path: '/etc/sudoers',
      line: 1,
      column,
      what,
      severity: 'recovered',
    });
    expect(verdict.visudo.exitCode).toBe(1);
  });

  it('loses an include to what is joined to it, and says nothing', async () => {
    const verdict = await judge('#includedir /etc/sudoers.ddev ALL=(ALL) NOPASSWD: ALL\n', {
      engine: 'rust',
    });
    expect(verdict.problems).toEqual([]);
    expect(verdict.visudo.exitCode).toBe(0);
    expect(await verdict.allows(id)).toBe('denied');
  });

  it('runs nothing where an old one stumbles over a group of a plugin', async () => {
    const sudoers = 'dev ALL=(ALL) NOPASSWD: ALL\n%:plugin ALL=(ALL) ALL\n';
    expect(await (await withOld(sudoers)).allows(id)).toBe('denied');
    expect(await (await judge(sudoers, { engine: 'rust' })).allows(id)).toBe('nopasswd');
  });
});
