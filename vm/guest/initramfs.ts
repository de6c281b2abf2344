import { readFile } from 'node:fs/promises';
import { encodeCpio, type CpioEntry } from './cpio.ts';
import { guestApplets } from './find-busybox.ts';
import type { KernelModule } from './kernel-modules.ts';

/** A script of the guest, in the order of the archive. */
export interface GuestScript {
  readonly path: string;
  readonly mode: number;
  readonly bytes: Buffer;
}

const scriptPlaces = [
  { name: 'init.sh', path: 'init', mode: 0o755 },
  ...[
    'supervise.sh',
    'prepare-image.sh',
    'resolve-user.sh',
    'launch.sh',
    'hand-over.sh',
    'arrange-init.sh',
    'run-in-image.sh',
    'run-with-systemd.sh',
    'tell-jobs.sh',
  ].map((name) => ({ name, path: `lib/${name}`, mode: 0o644 })),
];

export async function readGuestScripts(): Promise<readonly GuestScript[]> {
  return Promise.all(
    scriptPlaces.map(async ({ name, path, mode }) => ({
      path,
      mode,
      bytes: await readFile(new URL(name, import.meta.url)),
    })),
  );
}

export interface InitramfsParts {
  readonly busybox: Buffer;
  /** In the order in which they are loaded. */
  readonly modules: readonly KernelModule[];
  readonly scripts: readonly GuestScript[];
}

/**
 * The guest's own root file system. Not compressed: under TCG the kernel unpacks its 2.4 MB in the time in
 * which it would begin to decompress them.
 */
export function encodeInitramfs({ busybox, modules, scripts }: InitramfsParts): Buffer {
  const directories = ['bin', 'dev', 'etc', 'lib', 'modules', 'proc', 'root', 'sys'];
  const order = modules.map((module) => `${fileName(module)}\n`).join('');
  return encodeCpio([
    ...directories.map((path): CpioEntry => ({ type: 'directory', path })),
    { type: 'character-device', path: 'dev/console', major: 5, minor: 1 },
    file('bin/busybox', 0o755, busybox),
    ...guestApplets.map((applet): CpioEntry => ({
      type: 'symlink',
      path: `bin/${applet}`,
      target: 'busybox',
    })),
    ...modules.map((module) => file(`modules/${fileName(module)}`, 0o644, module.bytes)),
    file('modules/order', 0o644, Buffer.from(order)),
    ...scripts.map(({ path, mode, bytes }) => file(path, mode, bytes)),
  ]);
}

function file(path: string, mode: number, bytes: Buffer): CpioEntry {
  return { type: 'file', path, mode, bytes };
}

function fileName(module: KernelModule): string {
  return `${module.name}.ko`;
}
