import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sketch, Sketches } from '../../support/sketched-files.ts';
import { authority, commonAuthority } from './authorities.ts';

const releases = join(import.meta.dirname, '../../../../base-images/releases');

/** The default file of a release, as the data have it. */
export function sudoersOf(release: string): Buffer {
  return readFileSync(join(releases, 'sudoers', release));
}

/** An ELF file for amd64 with one program header: of a program that asks for a loader, or of one that does not. */
export function elf(kind: 'static' | 'dynamic'): Buffer {
  const bytes = Buffer.alloc(120);
  Buffer.from('7f454c46020101', 'hex').copy(bytes);
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(0x3e, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(kind === 'static' ? 1 : 3, 64);
  return bytes;
}

export const program: Sketch = { content: elf('dynamic'), mode: 0o755 };
export const setuidProgram: Sketch = { content: elf('dynamic'), mode: 0o4755 };

/** Lines of a dpkg database. */
export function packages(versions: Readonly<Record<string, string>>): string {
  return Object.entries(versions)
    .map(
      ([name, version]) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
    )
    .join('\n');
}

export const goodPackages = {
  apt: '2.6.1',
  'base-files': '12.4+deb12u11',
  e2fsprogs: '1.47.0-2',
  libc6: '2.36-9+deb12u10',
  sudo: '1.9.13p3-1+deb12u4',
} as const;

export const rule = 'user ALL=(ALL:ALL) NOPASSWD: ALL\n';

export function dropIn(content: string | Buffer, mode = 0o440): Sketch {
  return { content, mode };
}

export function sudoers(content: string | Buffer): Sketch {
  return { content, mode: 0o440 };
}

/** An image of Debian 12 that was set up: nothing in it breaks the contract. */
export const goodBase: Sketches = {
  bin: { target: 'usr/bin' },
  sbin: { target: 'usr/sbin' },
  lib: { target: 'usr/lib' },
  tmp: { directory: true, mode: 0o1777 },
  'etc/os-release':
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n',
  'etc/debian_version': '12.11\n',
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nuser:x:1000:1000::/home/user:/bin/bash\n',
  'etc/group': 'root:x:0:\nsudo:x:27:\nwww-data:x:33:\nuser:x:1000:\n',
  'etc/hostname': 'ashlar\n',
  'etc/hosts': '127.0.0.1\tlocalhost\n127.0.1.1\tashlar\n',
  'etc/machine-id': '',
  'etc/resolv.conf': '# none\n',
  'etc/sudoers': sudoers(sudoersOf('debian-12')),
  'etc/sudoers.d': { directory: true },
  'etc/sudoers.d/README': dropIn('# a comment\n'),
  'etc/sudoers.d/zz-ashlar': dropIn(rule),
  'etc/apt/sources.list.d/debian.sources':
    'Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n',
  'etc/apt/apt.conf.d/90ashlar': 'Dpkg::Options { "--force-confdef"; "--force-confold"; };\n',
  'home/user': { directory: true, uid: 1000, gid: 1000 },
  'usr/bin/sh': program,
  'usr/bin/bash': program,
  'usr/bin/date': program,
  'usr/bin/sudo': setuidProgram,
  'usr/bin/apt-get': program,
  'usr/sbin/visudo': program,
  'usr/sbin/useradd': program,
  'usr/sbin/init': { target: '/usr/lib/ashlar/init' },
  'usr/sbin/update-ca-certificates': program,
  'usr/lib/ashlar/busybox': { content: elf('static'), mode: 0o755 },
  'usr/lib/ashlar/init': { content: '#!/usr/lib/ashlar/busybox sh\nmount\n', mode: 0o755 },
  'var/lib/dpkg/status': packages(goodPackages),
  'var/lib/dpkg/info/sudo.list': '/.\n/usr/bin/sudo\n/usr/sbin/visudo\n',
  'usr/share/ca-certificates/mozilla/Common.crt': commonAuthority,
  'usr/local/share/ca-certificates/own.crt': authority,
  'etc/ssl/certs/ca-certificates.crt': commonAuthority + authority,
  'etc/ssl/certs/own.pem': { target: '/usr/local/share/ca-certificates/own.crt' },
  'etc/ssl/certs/1a2b3c4d.0': { target: 'own.pem' },
};

/** The same with other files in place of these; null leaves one out, with all below it. */
export function baseWith(
  changes: Readonly<Record<string, Sketch | null>>,
  base: Sketches = goodBase,
): Sketches {
  const removed = Object.keys(changes).filter((path) => changes[path] === null);
  const kept = Object.entries(base).filter(
    ([path]) => !removed.some((one) => path === one || path.startsWith(`${one}/`)),
  );
  const added = Object.entries(changes).flatMap(([path, sketch]): [string, Sketch][] =>
    sketch === null ? [] : [[path, sketch]],
  );
  return Object.fromEntries([...kept.filter(([path]) => !(path in changes)), ...added]);
}
