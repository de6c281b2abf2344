import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a container finds in the files that name machines; bound over the image's. */
export interface NameFiles {
  readonly hostname: string;
  /** Further lines of hosts(5). */
  readonly hostsLines: readonly string[];
  /** Text of resolv.conf(5). */
  readonly resolvConf: string;
}

/** The files, and where they belong. A step may write to them; that is forgotten with the step. */
export const nameFilePaths = {
  'resolv.conf': '/etc/resolv.conf',
  hosts: '/etc/hosts',
  hostname: '/etc/hostname',
} as const;

/** Writes the files into `directory`, which is on the scratch file system: a step that fills them fills its own disk. */
export async function writeNameFiles(directory: string, files: NameFiles): Promise<void> {
  const hosts = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    `127.0.1.1\t${files.hostname}`,
    ...files.hostsLines,
  ];
  const texts = {
    'resolv.conf': files.resolvConf,
    hosts: `${hosts.join('\n')}\n`,
    hostname: `${files.hostname}\n`,
  } satisfies Record<keyof typeof nameFilePaths, string>;
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(join(directory, name), text);
    // Set apart from the making, which the umask of this process takes part in.
    await chmod(join(directory, name), 0o644);
  }
}
