import { AshlarError } from '../../../src/index.ts';
import type { GuestCommand } from '../setup-plan.ts';

/** Whom the command runs as. */
export interface CommandUser {
  /** As in the image's /etc/passwd, whose groups it gets; empty where numbers are all there is. */
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The file that init and launch read: shell, in which every word is quoted. Throws `boot_command_missing` for a NUL. */
export function commandFile({ argv, env, workdir }: GuestCommand, user: CommandUser): string {
  const environment = withDefaults(env, user);
  const words = [...environment, ...argv];
  if ([...words, workdir].some((word) => word.includes('\0')))
    throw new AshlarError('boot_command_missing', 'the command of the image has a NUL in it');
  return [
    `user=${quoted(user.name)}`,
    `uid=${user.uid}`,
    `gid=${user.gid}`,
    `workdir=${quoted(workdir === '' ? '/' : workdir)}`,
    'become_command() {',
    `  exec /usr/lib/ashlar/busybox env -i -- ${words.map(quoted).join(' ')}`,
    '}',
    '',
  ].join('\n');
}

function withDefaults(env: readonly string[], { home }: CommandUser): readonly string[] {
  const named = env.map((entry) => (entry.includes('=') ? entry : `${entry}=`));
  const has = (name: string): boolean => named.some((entry) => entry.startsWith(`${name}=`));
  return [
    ...(has('PATH') ? [] : [defaultPath]),
    ...(has('HOME') ? [] : [`HOME=${home}`]),
    ...named,
  ];
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
