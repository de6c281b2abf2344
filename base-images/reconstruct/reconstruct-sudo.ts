import type { Release } from '../releases/release.ts';
import type { Machine } from './machine.ts';
import type { ReconstructedFile, ReconstructedTree } from './reconstructed-tree.ts';
import type { SudoInstall } from './sudo-install.ts';

export interface SudoOptions {
  readonly machine: Machine;
  readonly install: SudoInstall;
}

const rust = { sudo: 'usr/lib/cargo/bin/sudo', visudo: 'usr/lib/cargo/bin/visudo' } as const;

/** sudo as its packages leave it: programs, alternatives, the default sudoers file, services of PAM, lists of files. */
export function reconstructSudo(
  { sudo, sudoers }: Release,
  { machine: { program, setuidProgram }, install }: SudoOptions,
): ReconstructedTree {
  const own = sudo.programs.value;
  const files: Record<string, ReconstructedFile> = {
    [own.sudo]: setuidProgram,
    [own.visudo]: program,
    'etc/sudoers': { content: textOf(sudoers), mode: 0o440 },
    'etc/sudoers.d/README': { content: '# As sudoers(5) says.\n', mode: 0o440 },
    'etc/pam.d/sudo': '@include common-auth\n',
    'etc/pam.d/sudo-i': '@include common-auth\n',
    'var/lib/dpkg/info/sudo.list': listOf(own.sudo, own.visudo),
  };
  if (sudo.how.value === 'package') return files;
  const isRust = install === 'installed';
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

function textOf({ text, include }: Release['sudoers']): Buffer | string {
  const { style, line } = include.value;
  return text.value ?? `${'#\n'.repeat(line - 1)}${style}includedir /etc/sudoers.d\n`;
}

function listOf(...paths: readonly string[]): string {
  return ['/.', ...paths.map((path) => `/${path}`), ''].join('\n');
}
