import { type BytePath, nameOf } from '../../../src/index.ts';
import type { ImageFile } from '../../files/image-files.ts';
import type { InitFacts, PackageFacts } from '../base-facts.ts';
import { upstreamVersion } from '../debian-version.ts';
import type { Look } from '../look.ts';

/** systemd's has 2 MiB, busybox 2 MiB. */
const maxProgramBytes = 8 * 1024 * 1024;

/** Where the kernel looks, in its order (init/main.c), but for the shell that it starts at last. */
const places: readonly BytePath[] = ['sbin/init', 'etc/init', 'bin/init'];

type Kind = InitFacts['kind'];

/** What the kernel would start in this image. */
export async function findInit(look: Look, packages: PackageFacts): Promise<InitFacts> {
  for (const path of places) {
    const file = await look.files.follow(path);
    if (file?.type === 'file' && (file.mode & 0o111) !== 0) {
      const kind = await kindOf(look, packages, file);
      return { kind, path, realPath: file.path, version: versionOf(kind, packages) };
    }
    if (file === null && (await look.files.at(path)) !== null)
      look.note({ path, kind: 'dangling-link', says: 'is a link that leads to nothing' });
  }
  return { kind: 'none', path: null, realPath: null, version: null };
}

async function kindOf(look: Look, packages: PackageFacts, file: ImageFile): Promise<Kind> {
  const name = nameOf(file.path);
  if (name === 'systemd') return 'systemd';
  if (name === 'openrc-init') return 'openrc';
  // Alpine's is busybox, and its inittab starts OpenRC.
  if (name === 'busybox') return (await look.has('sbin/openrc')) ? 'openrc' : 'busybox';
  if (name !== 'init') return 'other';
  if (packages.get('upstart') !== null) return 'upstart';
  if (packages.get('sysvinit-core') !== null || packages.get('sysvinit') !== null)
    return 'sysvinit';
  return kindByWords(await look.bytes(file.path, maxProgramBytes));
}

/** By what the program says of itself, where no package owns it. */
function kindByWords(program: Buffer | null): Kind {
  const words: readonly (readonly [string, Kind])[] = [
    ['upstart', 'upstart'],
    ['BusyBox v', 'busybox'],
    ['sysvinit', 'sysvinit'],
    ['systemd', 'systemd'],
  ];
  return words.find(([word]) => program?.includes(word) === true)?.[1] ?? 'other';
}

const packagesOf: Readonly<Record<Kind, readonly string[]>> = {
  systemd: ['systemd'],
  upstart: ['upstart'],
  sysvinit: ['sysvinit-core', 'sysvinit'],
  openrc: ['openrc'],
  busybox: ['busybox', 'busybox-static'],
  other: [],
  none: [],
};

function versionOf(kind: Kind, packages: PackageFacts): string | null {
  const found = packagesOf[kind].map((name) => packages.get(name)).find((one) => one !== null);
  return found === undefined || found === null ? null : upstreamVersion(found.version);
}
