import type { MemoryFile } from '../../../base-images/files/memory-files.ts';
import type { Random } from './random.ts';
import type { Probe, Setup } from './setup.ts';

/**
 * A set-up of lines that are right, or nearly all of them, and that bear on what the probes ask: who may do what is decided by
 * aliases, groups, lists with exclamation marks, run-as lists, tags and settings, and not by an error on the way to them.
 */
export function generateTame(random: Random): Setup {
  const lines = (least: number, most: number): string[] =>
    random.some(() => line(random), least, most);
  const dropIn = (text: readonly string[]): MemoryFile => ({
    content: ended(text),
    mode: 0o440,
  });
  const includes = random.of(['@includedir', '#includedir', '#includedir']);
  const main = [
    ...random.some(() => settings(random), 0, 2),
    ...aliases(random),
    ...lines(1, 5),
    ...(random.chance(0.7) ? [`${includes} /etc/sudoers.d`] : []),
    ...lines(0, 2),
  ];
  const files: Record<string, MemoryFile> = {
    sudoers: dropIn(main),
    'sudoers.d': { type: 'directory', mode: 0o755 },
  };
  for (const name of random.some(() => random.of(['90-dev', '10-first', 'zz-last']), 0, 2))
    files[`sudoers.d/${name}`] = dropIn(lines(1, 3));
  return { files, probes: random.some(() => probe(random), 4, 4) };
}

function ended(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

const users = [
  'dev',
  'dev',
  'dev',
  'alice',
  'alice',
  '%ops',
  '%wheel',
  '%dev',
  '%#2001',
  '#1234',
  '#1235',
  '%#1234',
  'ALL',
  'ADMINS',
  'STAFF',
  'root',
  'DEV',
  '%OPS',
  'nobody',
  '+netgroup',
] as const;
const hosts = [
  'ALL',
  'ALL',
  'ALL',
  'testhost',
  'TESTHOST',
  'otherhost',
  'SERVERS',
  'test*',
  'testhost.example',
] as const;
const runAsUsers = [
  'ALL',
  'ALL',
  'root',
  'root',
  'www-data',
  '#33',
  '#0',
  '%ops',
  '%#33',
  'OPERATORS',
  'dev',
  'alice',
] as const;
const runAsGroups = ['ALL', 'ops', 'dev', 'wheel', '#2000', '#33', 'GROUPS', 'www-data'] as const;
const commands = [
  'ALL',
  'ALL',
  'ALL',
  '/usr/bin/id',
  '/usr/bin/id -u',
  '/usr/bin/id ""',
  '/usr/bin/id -[a-z]',
  '/bin/id',
  '/bin/ls',
  '/bin/ls /tmp',
  '/usr/bin/ls /tmp /etc',
  '/usr/bin/ls ""',
  '/bin/ls *',
  '/bin/ls /t*',
  '/usr/bin/',
  '/bin/',
  '/usr/bin/*',
  '/usr/bin/i?',
  '/usr/bin/[!i]*',
  '/*/ls',
  '/bin/echo',
  '/usr/bin/echo a=b',
  '/bin/echo a\\=b',
  '/bin/echo a\\,b',
  '/usr/bin/true',
  '/usr/sbin/',
  'COMMANDS',
  'COMMANDS',
  'SHELLS',
  'sudoedit /etc/motd',
] as const;
const tags = [
  'NOPASSWD',
  'NOPASSWD',
  'NOPASSWD',
  'PASSWD',
  'PASSWD',
  'EXEC',
  'NOEXEC',
  'SETENV',
  'NOSETENV',
  'MAIL',
  'LOG_OUTPUT',
] as const;

function list(random: Random, items: readonly string[], most: number): string {
  const item = (): string => {
    const one = items[random.below(items.length)] ?? 'ALL';
    return random.chance(0.13) ? `!${one}` : one;
  };
  return random.some(item, 1, random.chance(0.6) ? 1 : most).join(random.of([',', ', ']));
}

function runAs(random: Random): string {
  if (random.chance(0.25)) return '';
  const names = list(random, runAsUsers, 3);
  const groups = list(random, runAsGroups, 3);
  return random.of([
    `(${names}) `,
    `(${names}) `,
    `(${names})`,
    '(ALL) ',
    '(ALL:ALL) ',
    `(${names}:${groups}) `,
    `(${names} : ${groups}) `,
    `(:${groups}) `,
    '(:) ',
    '() ',
  ]);
}

function rule(random: Random): string {
  const tag = (): string => `${random.of([...tags])}: `;
  const command = (): string => {
    const own = random.chance(0.65) ? random.some(tag, 1, random.chance(0.8) ? 1 : 2).join('') : '';
    return `${runAs(random)}${own}${list(random, commands, 1)}`;
  };
  const privilege = (): string => {
    const some = random.some(command, 1, random.chance(0.6) ? 1 : 4);
    return `${list(random, hosts, 2)}${random.of([' = ', '='])}${some.join(', ')}`;
  };
  const privileges = random.some(privilege, 1, random.chance(0.85) ? 1 : 2);
  return `${list(random, users, 3)} ${privileges.join(' : ')}`;
}

/** Each name once; they may name each other. */
function aliases(random: Random): string[] {
  const one = (word: string, name: string, items: readonly string[]): string =>
    `${word} ${name} = ${list(random, items, 4)}`;
  const all = [
    one('User_Alias', 'ADMINS', users),
    one('User_Alias', 'STAFF', users),
    one('Host_Alias', 'SERVERS', hosts),
    one('Runas_Alias', 'OPERATORS', runAsUsers),
    one('Runas_Alias', 'GROUPS', runAsGroups),
    one('Cmnd_Alias', 'COMMANDS', commands),
    one('Cmnd_Alias', 'SHELLS', commands),
  ];
  return all.filter(() => random.chance(0.85));
}

const deciding = [
  'authenticate',
  '!authenticate',
  '!authenticate',
  'exempt_group=ops',
  'exempt_group=wheel',
  'exempt_group=dev',
  '!exempt_group',
  'runas_default=dev',
  'runas_default=www-data',
  'runas_default=root',
  'root_sudo',
  '!root_sudo',
  'fast_glob',
  '!fast_glob',
  'case_insensitive_user',
  '!case_insensitive_user',
  '!case_insensitive_group',
  'match_group_by_gid',
  'targetpw',
  'rootpw',
  'runaspw',
  'env_reset',
  'use_pty',
  'secure_path="/usr/sbin:/usr/bin:/sbin:/bin"',
  'noexec',
  'setenv',
  'timestamp_timeout=0',
  'passwd_tries=1',
  'insults',
  'umask=0077',
  'runcwd=/',
] as const;

function settings(random: Random): string {
  const scope = random.of([
    '',
    '',
    '',
    ':dev',
    ':%ops',
    ':ADMINS',
    ':dev,alice',
    ':!alice',
    '@testhost',
    '@SERVERS',
    '@otherhost',
    '>root',
    '>www-data',
    '>OPERATORS',
    '!/usr/bin/id',
    '!COMMANDS',
    '!/bin/ls,/usr/bin/ls',
  ]);
  return `Defaults${scope} ${random.some(() => random.of([...deciding]), 1, 2).join(', ')}`;
}

function line(random: Random): string {
  if (random.chance(0.12)) return settings(random);
  if (random.chance(0.08)) return random.of(['', '# comment', '# MAIL', 'nonsense here']);
  if (random.chance(0.2))
    return random.of([
      'dev ALL=(ALL:ALL) NOPASSWD: ALL',
      'dev ALL=(ALL) ALL',
      '%ops ALL=(root) NOPASSWD: /usr/bin/id',
      'root ALL=(ALL:ALL) ALL',
      '%wheel ALL=(ALL:ALL) ALL',
      'alice ALL=(dev) NOPASSWD: /bin/ls, !/bin/ls /etc',
    ]);
  return rule(random);
}

function probe(random: Random): Probe {
  const as = random.of<Pick<Probe, 'runAs' | 'runAsGroup'>>([
    {},
    {},
    {},
    {},
    { runAs: 'root' },
    { runAs: 'www-data' },
    { runAs: 'dev' },
    { runAs: 'alice' },
    { runAs: '#33' },
    { runAsGroup: 'ops' },
    { runAsGroup: '#2000' },
    { runAsGroup: 'wheel' },
    { runAs: 'root', runAsGroup: 'dev' },
    { runAs: 'www-data', runAsGroup: 'www-data' },
    { runAs: 'dev', runAsGroup: 'ops' },
  ]);
  return {
    user: random.of(['dev', 'dev', 'dev', 'alice', 'alice', 'root']),
    ...as,
    command: random.of<Probe['command']>([
      ['/usr/bin/id', '-u'],
      ['/usr/bin/id', '-u'],
      ['/usr/bin/id'],
      ['/bin/id', '-g'],
      ['/bin/ls', '/tmp'],
      ['/usr/bin/ls', '/tmp', '/etc'],
      ['/usr/bin/ls'],
      ['/bin/echo', 'a,b'],
      ['/usr/bin/echo', 'a=b'],
      ['/usr/bin/true'],
    ]),
  };
}
