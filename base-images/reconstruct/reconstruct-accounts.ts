import type { Release } from '../releases/release.ts';
import type { ReconstructedFile, ReconstructedTree } from './reconstructed-tree.ts';

/** Accounts as base-passwd makes them, and whoever the release's image has at uid 1000. */
export function reconstructAccounts({ users }: Release): ReconstructedTree {
  const own = users.uid1000.value;
  const passwd = [
    line('root', 'x', '0', '0', 'root', '/root', '/bin/bash'),
    line('daemon', 'x', '1', '1', 'daemon', '/usr/sbin', '/usr/sbin/nologin'),
    line('www-data', 'x', '33', '33', 'www-data', '/var/www', '/usr/sbin/nologin'),
    line('nobody', 'x', '65534', '65534', 'nobody', '/nonexistent', '/usr/sbin/nologin'),
    ...(own === null ? [] : [line(own, 'x', '1000', '1000', '', `/home/${own}`, '/bin/bash')]),
  ];
  const group = [
    line('root', 'x', '0', ''),
    line('daemon', 'x', '1', ''),
    line('sudo', 'x', String(users.sudoGroupId.value), ''),
    line('www-data', 'x', '33', ''),
    line('shadow', 'x', '42', ''),
    line('users', 'x', '100', ''),
    line('nogroup', 'x', '65534', ''),
    ...(own === null ? [] : [line(own, 'x', '1000', '')]),
  ];
  const shadow = namesIn(passwd).map((name) =>
    line(name, '*', '19000', '0', '99999', '7', '', '', ''),
  );
  const gshadow = namesIn(group).map((name) => line(name, '*', '', ''));
  const secret = { mode: 0o640, gid: 42 };
  const files: Record<string, ReconstructedFile> = {
    'etc/passwd': passwd.join(''),
    'etc/group': group.join(''),
    'etc/shadow': { content: shadow.join(''), ...secret },
    'etc/gshadow': { content: gshadow.join(''), ...secret },
    'etc/login.defs': loginDefs(users.homeMode.value),
    'etc/skel/.bashrc': '# of every new user\n',
  };
  if (users.adduser.value)
    files['usr/sbin/adduser'] = { content: '#!/usr/bin/perl\n', mode: 0o755 };
  if (own === null) return files;
  const mode = Number.parseInt(users.homeMode.value, 8);
  return { ...files, [`home/${own}`]: { directory: true, mode, uid: 1000, gid: 1000 } };
}

function loginDefs(homeMode: string): string {
  const home = homeMode === '0755' ? '' : `HOME_MODE\t${homeMode}\n`;
  return `UMASK\t\t022\n${home}`;
}

function line(...fields: readonly string[]): string {
  return `${fields.join(':')}\n`;
}

function namesIn(lines: readonly string[]): readonly string[] {
  return lines.map((text) => text.split(':')[0] ?? '');
}
