import type { ReconstructOptions } from './reconstruct.ts';
import { program, setuidProgram } from './programs.ts';
import type { Entry, Tree } from './tree.ts';

const rust = { sudo: 'usr/lib/cargo/bin/sudo', visudo: 'usr/lib/cargo/bin/visudo' } as const;

/** sudo as its packages leave it: programs, alternatives, the default sudoers file, services of PAM, lists of files. */
export function sudoOf({ release: { sudo }, sudoers, ...options }: ReconstructOptions): Tree {
  const own = sudo.programs;
  const files: Record<string, Entry> = {
    [own.sudo]: setuidProgram,
    [own.visudo]: program,
    'etc/sudoers.d/README': { content: '# As sudoers(5) says.\n', mode: 0o440 },
    'etc/pam.d/sudo': '@include common-auth\n',
    'etc/pam.d/sudo-i': '@include common-auth\n',
    'var/lib/dpkg/info/sudo.list': listOf(own.sudo, own.visudo),
  };
  if (sudoers !== null) files['etc/sudoers'] = { content: sudoers, mode: 0o440 };
  if (sudo.how === 'package') return files;
  const isRust = options.sudo === 'with-recommends';
  const chosen = isRust ? rust : own;
  return {
    ...files,
    ...(isRust
      ? {
          [rust.sudo]: setuidProgram,
          [rust.visudo]: program,
          'var/lib/dpkg/info/sudo-rs.list': listOf(rust.sudo, rust.visudo),
        }
      : {}),
    'usr/bin/sudo': { target: '/etc/alternatives/sudo' },
    'usr/sbin/visudo': { target: '/etc/alternatives/visudo' },
    'etc/alternatives/sudo': { target: `/${chosen.sudo}` },
    'etc/alternatives/visudo': { target: `/${chosen.visudo}` },
  };
}

function listOf(...paths: readonly string[]): string {
  return ['/.', ...paths.map((path) => `/${path}`), ''].join('\n');
}
