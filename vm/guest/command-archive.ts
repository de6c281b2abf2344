import { AshlarError } from '../../src/index.ts';
import { encodeCpio, type CpioEntry } from './cpio.ts';

/** What runs in the guest, inside the image. */
export interface GuestCommand {
  /** At least the program: a path, or a name to be found in PATH. */
  readonly argv: readonly string[];
  /** The command's whole environment, but for PATH and HOME, which are filled in where they are missing. */
  readonly env: Readonly<Record<string, string>>;
  /** Made where it is missing; "" is the root directory. */
  readonly workdir: string;
  /** `name|uid[:group|gid]`, looked up in the image's /etc/passwd and /etc/group; "" is root. */
  readonly user: string;
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Linux limits one string of an execve to 128 KiB, its terminating NUL included (MAX_ARG_STRLEN). */
const maxStringBytes = 128 * 1024 - 1;
/** Linux limits all of them to a quarter of the stack limit, 2 MiB in the guest; the rest is left for the launcher. */
const maxTotalBytes = 1024 * 1024;

/** Who is the first process while the command runs: the guest's own, or that of the image, started as a kernel starts it. */
export type FirstProcess = 'guest' | 'image';

/**
 * The archive that is appended to the initramfs for one boot. Carries any byte but NUL, as single-quoted
 * words of shell scripts: argv and environment as arguments of `set`, the rest as variables; and `own-init`,
 * an empty file, where the image's init shall be the first process.
 * Throws `boot_command_missing` without a program, and `invalid_request` for what no execve can carry.
 */
export function encodeCommandArchive(command: GuestCommand, init: FirstProcess): Buffer {
  checkCommand(command);
  const { argv, env, user } = command;
  const environment = { PATH: defaultPath, ...env };
  const words = Object.entries(environment).map(([name, value]) => quote(`${name}=${value}`));
  const facts = [
    `user=${quote(user)}`,
    `workdir=${quote(command.workdir.startsWith('/') ? command.workdir : `/${command.workdir}`)}`,
    `search_path=${quote(environment.PATH)}`,
    `home_is_given=${'HOME' in env ? 'yes' : 'no'}`,
  ];
  return encodeCpio([
    { type: 'directory', path: 'ashlar' },
    script('ashlar/command', facts),
    script('ashlar/argv', [`set -- ${argv.map(quote).join(' ')}`]),
    script('ashlar/environment', [`set -- ${words.join(' ')} "$@"`]),
    ...(init === 'image' ? [script('ashlar/own-init', [])] : []),
  ]);
}

function script(path: string, lines: readonly string[]): CpioEntry {
  return { type: 'file', path, mode: 0o600, bytes: Buffer.from(`${lines.join('\n')}\n`) };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function checkCommand({ argv, env, workdir, user }: GuestCommand): void {
  if (argv[0] === undefined || argv[0] === '') {
    throw new AshlarError('boot_command_missing', 'the command to boot with names no program');
  }
  const named = [
    ...argv.map((word, index) => [`argument ${index}`, word] as const),
    ...Object.entries(env).map(
      ([name, value]) => [`variable ${name}`, `${name}=${value}`] as const,
    ),
    ['working directory', workdir] as const,
    ['user', user] as const,
  ];
  let totalBytes = 0;
  for (const [what, text] of named) {
    const sizeBytes = Buffer.byteLength(text);
    totalBytes += sizeBytes;
    if (text.includes('\0')) throw invalid(`${what} of the command contains a NUL`);
    if (sizeBytes > maxStringBytes) {
      throw invalid(
        `${what} of the command has ${sizeBytes} bytes; Linux allows ${maxStringBytes}`,
      );
    }
  }
  const badName = Object.keys(env).find((name) => name === '' || name.includes('='));
  if (badName !== undefined) {
    throw invalid(`"${badName}" is not the name of an environment variable`);
  }
  if (totalBytes > maxTotalBytes) {
    throw invalid(
      `the command's arguments and environment have ${totalBytes} bytes; at most ${maxTotalBytes} fit`,
    );
  }
}

function invalid(message: string): AshlarError {
  return new AshlarError('invalid_request', message);
}
