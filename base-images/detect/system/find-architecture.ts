import type { BytePath } from '../../../src/index.ts';
import type { ArchitectureFacts, PackageFacts } from '../base-facts.ts';
import type { Look } from '../look.ts';
import { architectureOfElf } from './elf.ts';

/** Shells and what stands in for them; busybox has 2 MiB. */
const maxProgramBytes = 16 * 1024 * 1024;

/** Every system has one of them, and it is small. */
const programs: readonly BytePath[] = [
  'bin/sh',
  'usr/bin/sh',
  'sbin/init',
  'usr/bin/env',
  'bin/busybox',
  'busybox/busybox',
  'lib64/ld-linux-x86-64.so.2',
  'lib/ld-linux-aarch64.so.1',
  'lib/ld-linux-armhf.so.3',
];

/** dpkg's and apk's words in OCI's. */
const names: ReadonlyMap<string, string> = new Map([
  ['amd64', 'amd64'],
  ['x86_64', 'amd64'],
  ['arm64', 'arm64'],
  ['aarch64', 'arm64'],
  ['armhf', 'arm'],
  ['armel', 'arm'],
  ['armv7', 'arm'],
  ['i386', '386'],
  ['x86', '386'],
  ['ppc64el', 'ppc64le'],
  ['ppc64le', 'ppc64le'],
  ['s390x', 's390x'],
  ['riscv64', 'riscv64'],
  ['loong64', 'loong64'],
  ['loongarch64', 'loong64'],
]);

/** What the image runs on: by the header of a program that it has, else by its package database. */
export async function findArchitecture(
  look: Look,
  packages: PackageFacts,
): Promise<ArchitectureFacts | null> {
  const said = packageArchitecture(packages);
  for (const path of programs) {
    if (!(await isProgram(look, path))) continue;
    const name = architectureOfElf((await look.bytes(path, maxProgramBytes)) ?? Buffer.alloc(0));
    if (name === null) continue;
    if (said !== null && said !== name)
      look.note({
        path: packages.path ?? path,
        kind: 'contradiction',
        says: `has packages for ${said}, and /${path} is for ${name}`,
      });
    return { name, source: path };
  }
  return said === null || packages.path === null ? null : { name: said, source: packages.path };
}

function packageArchitecture(packages: PackageFacts): string | null {
  for (const name of ['dpkg', 'libc6', 'musl', 'base-files', 'tzdata']) {
    const known = names.get(packages.get(name)?.architecture ?? '');
    if (known !== undefined) return known;
  }
  return null;
}

async function isProgram(look: Look, path: BytePath): Promise<boolean> {
  const file = await look.files.follow(path);
  return file?.type === 'file' && file.sizeBytes <= maxProgramBytes;
}
