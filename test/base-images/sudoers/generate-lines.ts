import type { Random } from './random.ts';
import { settingsFor } from './generate-settings.ts';

/** Lines of sudoers, right and wrong. */
export interface LineMaker {
  line(): string;
}

const users = [
  'dev',
  'alice',
  'root',
  'DEV',
  '#1234',
  '%ops',
  '%#2000',
  '%dev',
  '%nobody-here',
  '+netgroup',
  '%:plugin',
  'ALL',
  'ADMINS',
  'STAFF',
] as const;
const hosts = [
  'ALL',
  'testhost',
  'TESTHOST',
  'otherhost',
  'test*',
  '192.168.1.0/24',
  '10.0.0.1',
  'fe80::1',
  '+hosts',
  'SERVERS',
  'testhost.example',
] as const;
const runAsUsers = ['ALL', 'root', 'www-data', '#0', '%ops', 'OPERATORS', 'dev', '!root'] as const;
const runAsGroups = ['ALL', 'ops', 'dev', '#2000', 'GROUPS', '!dev'] as const;
const commands = [
  'ALL',
  '/usr/bin/id',
  '/usr/bin/id -u',
  '/bin/ls',
  '/usr/bin/ls /tmp',
  '/usr/bin/',
  '/usr/bin/i?',
  '/usr/bin/*',
  '/usr/bin/[il]*',
  '/bin/l*',
  '/*/ls',
  '/bin/ls ""',
  '/bin/ls /t*',
  '/bin/ls *',
  'sudoedit /etc/motd',
  '/usr/bin/sudoedit /etc/motd',
  '^/usr/bin/(id$',
  'list',
  'COMMANDS',
  'SHELLS',
  '/bin/echo a\\,b',
  '/bin/echo a\\:b c\\=d',
  '/bin/echo a=b',
  '^/usr/bin/i.$',
  '^/usr/bin/(id|ls)$ ^-u$',
  '/usr/bin/id ^-[a-z]$',
  'sha256:0000000000000000000000000000000000000000000000000000000000000000 /usr/bin/id',
  'sha224:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA== /usr/bin/id',
  'sha256:00 /usr/bin/id',
  'relative/path',
  '/usr/bin/id\\ x',
  '/no/such/file',
] as const;
const tags = [
  'NOPASSWD',
  'NOPASSWD',
  'NOPASSWD',
  'PASSWD',
  'NOEXEC',
  'EXEC',
  'SETENV',
  'NOSETENV',
  'MAIL',
  'NOMAIL',
  'FOLLOW',
  'NOFOLLOW',
  'LOG_INPUT',
  'NOLOG_INPUT',
  'LOG_OUTPUT',
  'NOLOG_OUTPUT',
  'INTERCEPT',
  'NOINTERCEPT',
  'NONSENSE',
] as const;
const options = [
  'CWD=/tmp',
  'CWD=*',
  'CWD=~',
  'CWD=tmp',
  'CWD="/t m p"',
  'CHROOT=/',
  'CHROOT=x',
  'TIMEOUT=10',
  'TIMEOUT=1d2h',
  'TIMEOUT=x',
  'TIMEOUT=9999999999',
  'NOTBEFORE=20200101000000Z',
  'NOTAFTER=20200101000000Z',
  'NOTBEFORE=yesterday',
  'ROLE=r',
  'TYPE=t',
  'APPARMOR_PROFILE=p',
  'PRIVS=x',
  'NOTAFTER=20990101000000',
] as const;
const aliasNames = {
  User_Alias: ['ADMINS', 'STAFF'],
  Host_Alias: ['SERVERS'],
  Runas_Alias: ['OPERATORS', 'GROUPS'],
  Cmnd_Alias: ['COMMANDS', 'SHELLS'],
} as const;
const odd = Array.from('#!=:,() \t\\"\'%+@^$*?[]{}<>|&;~-_/.0aZ\u00e9\r') as [string, ...string[]];

export function lineMaker(random: Random): LineMaker {
  const of = <Item>(items: readonly Item[]): Item => items[random.below(items.length)] as Item;
  const negated = (text: string): string =>
    random.chance(0.12) ? `${of(['!', '!', '! ', '!!', '!!!'])}${text}` : text;
  const list = (items: readonly string[], most: number): string =>
    random
      .some(() => negated(of(items)), 1, random.chance(0.7) ? 1 : most)
      .join(of([',', ', ', ' , ', ' ,']));
  const quoted = (text: string): string => (random.chance(0.06) ? `"${text}"` : text);
  const runAs = (): string => {
    if (random.chance(0.25)) return '';
    const some = list(runAsUsers, 3);
    const groups = list(runAsGroups, 2);
    return of([
      `(${some}) `,
      `(${some}) `,
      '(ALL) ',
      '(ALL:ALL) ',
      `(${some}:${groups}) `,
      `(:${groups})`,
      '()',
      '(:)',
      `(${some} : ${groups})`,
    ]);
  };
  const tag = (): string => `${of(tags)}${of([':', ':', ':', ' :', ': ', ''])} `;
  const command = (): string => {
    const option = random.chance(0.12) ? `${random.some(() => of(options), 1, 2).join(' ')} ` : '';
    return `${runAs()}${option}${random.chance(0.75) ? random.some(tag, 1, 2).join('') : ''}${negated(of(commands))}`;
  };
  const commandList = (): string => random.some(command, 1, random.chance(0.75) ? 1 : 3).join(', ');
  const privilege = (): string =>
    `${list(hosts, 3)}${of([' = ', '=', ' =', '= '])}${commandList()}`;
  const rule = (): string =>
    `${quoted(list(users, 3))}${of([' ', '\t'])}${random.some(privilege, 1, random.chance(0.9) ? 1 : 3).join(' : ')}`;
  const usual = (): string =>
    of([
      'dev ALL=(ALL:ALL) NOPASSWD: ALL',
      'dev ALL=(ALL) ALL',
      '%ops ALL=(root) NOPASSWD: /usr/bin/id',
      'root ALL=(ALL:ALL) ALL',
      '%sudo ALL=(ALL:ALL) ALL',
      'alice ALL=(dev) NOPASSWD: /bin/ls, !/bin/ls /etc',
    ]);
  const alias = (): string => {
    const type = of(['User_Alias', 'Host_Alias', 'Runas_Alias', 'Cmnd_Alias'] as const);
    const members = {
      User_Alias: users,
      Host_Alias: hosts,
      Runas_Alias: runAsUsers,
      Cmnd_Alias: commands,
    }[type];
    const name = (): string =>
      random.chance(0.06)
        ? of(['ALL', 'CWD', 'TIMEOUT', 'ROLE', 'lower', 'A1_B'])
        : of(aliasNames[type]);
    const one = (): string => `${name()}${of([' = ', '='])}${list(members, 3)}`;
    const word = type === 'Cmnd_Alias' && random.chance(0.1) ? 'Cmd_Alias' : type;
    return `${word} ${random.some(one, 1, random.chance(0.85) ? 1 : 2).join(' : ')}`;
  };
  const setting = settingsFor(random);
  const defaults = (): string => {
    const scope = of([
      '',
      '',
      '',
      '',
      '',
      '',
      ':dev',
      ':%ops',
      ':alice',
      '@testhost',
      '@ALL',
      '@SERVERS',
      '>root',
      '>www-data',
      '!/usr/bin/id',
      '!COMMANDS',
      ': dev',
      ' : dev',
      ':"dev"',
      '!sudoedit',
      ':ADMINS',
      '!/usr/bin/id,/bin/ls',
      ':dev, alice',
    ]);
    return `Defaults${scope}${of([' ', '\t', '  '])}${random.some(setting, 1, random.chance(0.75) ? 1 : 3).join(of([',', ', ', ' ,']))}`;
  };
  const include = (): string => {
    const how = of([
      '@include',
      '#include',
      '@includedir',
      '#includedir',
      '@includedir',
      '#includedir',
      '@include',
      ' @include',
      ' #include',
    ]);
    const path = of([
      '/etc/sudoers.d',
      '/etc/sudoers.d',
      'sudoers.d',
      'sudoers.d/90-dev',
      '/etc/more/one',
      'more/one',
      '/etc/more/missing',
      '"/etc/more/with space"',
      '/etc/more/with\\ space',
      '/etc/more/%h',
      '/etc/more',
      '/etc/sudoers.d/',
      '"more/one"',
      '',
      '/etc/more/loop',
      '/etc/more/one # comment',
      '/etc/more/one two',
      '"/etc/more/one',
      '/etc/more/link',
      '/etc/more/nowhere',
      '/etc/more/missing:/etc/more/one',
      'more/nowhere:more/one',
      '/etc/more/one:/etc/more',
    ]);
    return `${how}${of([' ', ' ', '\t', ''])}${path}`;
  };
  const plain = (): string => {
    const roll = random.below(100);
    if (roll < 26) return rule();
    if (roll < 46) return usual();
    if (roll < 58) return alias();
    if (roll < 78) return defaults();
    if (roll < 86) return include();
    return of([
      '',
      '# comment',
      '   ',
      '\t# comment',
      '#',
      '## x',
      '# includedir /etc/sudoers.d',
      '#1234 ALL = NOPASSWD: ALL',
    ]);
  };
  const mangled = (line: string): string => {
    const at = random.below(line.length + 1);
    switch (random.below(7)) {
      case 0:
        return line.slice(0, at) + line.slice(at + 1);
      case 1:
      case 2:
        return line.slice(0, at) + of(odd) + line.slice(at);
      case 3:
        return line.slice(0, at);
      case 4:
        return `${line.slice(0, at)}\\\n${of(['', ' ', '\t', '    '])}${line.slice(at)}`;
      case 5:
        return `${line} ${plain()}`;
      default:
        return line.slice(0, at) + of(odd) + of(odd) + line.slice(at + 2);
    }
  };
  const continued = (line: string): string => {
    const at = line.indexOf(' ');
    return at === -1 ? line : `${line.slice(0, at)} \\\n  ${line.slice(at)}`;
  };
  return {
    line: () => {
      const line = plain();
      if (random.chance(0.16)) return mangled(line);
      if (random.chance(0.06)) return continued(line);
      return random.chance(0.04) ? `${line} # comment` : random.chance(0.02) ? `${line}\r` : line;
    },
  };
}
