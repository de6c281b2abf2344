import { execFileSync, spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { whyNoSteps } from '../../../builder/run/fixture.ts';
import { sudoersOf } from '../../../base-images/contract/support/good-base.ts';

/** What the checks in containers and machines run of an image. */
const programs = [
  '/bin/sh', '/usr/bin/sudo', '/usr/sbin/visudo', '/usr/bin/id', '/usr/bin/env', '/usr/bin/date',
  '/bin/mount', '/bin/umount', '/bin/mkdir', '/bin/rmdir',
] as const; // prettier-ignore
const plugins = '/usr/libexec/sudo';

/** Why no image with this machine's own sudo can be made and run here; empty where it can. */
export const whyNoSudo = findObstacle();

function findObstacle(): string {
  if (whyNoSteps !== '') return whyNoSteps;
  const version = installedVersion('sudo');
  if (version === null) return 'needs the package sudo';
  try {
    for (const path of [...programs, plugins]) accessSync(path);
    return '';
  } catch {
    return 'needs sudo and its plugins where Debian has them';
  }
}

/** As in `1.9.13p3-1+deb12u4`; null where dpkg has no such package. */
export function installedVersion(name: string): string | null {
  const { stdout, status } = spawnSync('dpkg-query', ['-W', '-f', '${Version}', name], {
    encoding: 'utf8',
  });
  return status === 0 && stdout !== '' ? stdout : null;
}

/** Files of the image that are other than usual, by path. */
export interface RootChanges {
  readonly sudoers?: string;
  readonly files?: Readonly<Record<string, { readonly content: string; readonly mode: number }>>;
}

/**
 * Packs a root file system in which this machine's sudo and a shell run, with Debian's default sudoers file: an image of
 * Debian as small as can be, with nothing set up. Gives the archive.
 */
export function makeSudoRoot(directory: string, { sudoers, files = {} }: RootChanges = {}): string {
  const root = join(directory, 'root');
  for (const path of [
    'usr/bin',
    'usr/sbin',
    'usr/lib',
    'usr/lib64',
    'root',
    'etc/sudoers.d',
    'run',
  ])
    mkdirSync(join(root, path), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  mkdirSync(join(root, dirname(plugins)), { recursive: true });
  execFileSync('cp', ['-a', plugins, join(root, plugins)]);
  for (const path of [...programs, join(plugins, 'sudoers.so')]) {
    put(root, path);
    for (const library of librariesOf(path)) put(root, library);
  }
  put(root, permitModule());
  chmodSync(join(root, 'usr/bin/sudo'), 0o4755);
  for (const service of ['sudo', 'sudo-i', 'other']) write(root, `etc/pam.d/${service}`, pamFile);
  write(
    root,
    'etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n',
  );
  write(root, 'etc/group', 'root:x:0:\nsudo:x:27:\nnogroup:x:65534:\n');
  write(
    root,
    'etc/os-release',
    'PRETTY_NAME="Debian of the tests"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
  );
  write(root, 'etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files\nsudoers: files\n');
  write(root, 'etc/sudoers', sudoers ?? sudoersOf('debian-12').toString(), 0o440);
  write(root, 'var/lib/dpkg/status', ['sudo', 'libc6'].map(stanza).join('\n'));
  for (const [path, { content, mode }] of Object.entries(files)) write(root, path, content, mode);
  const archive = join(directory, 'root.tar');
  execFileSync('tar', [
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '-C',
    root,
    '-cf',
    archive,
    '.',
  ]);
  return archive;
}

const pamFile = ['auth', 'account', 'session']
  .map((kind) => `${kind} required pam_permit.so\n`)
  .join('');

function stanza(name: string): string {
  return `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${installedVersion(name) ?? '0'}\n`;
}

function write(root: string, path: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
  chmodSync(join(root, path), mode);
}

function put(root: string, path: string): void {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(realpathSync(path), target);
}

function librariesOf(path: string): readonly string[] {
  const { stdout } = spawnSync('ldd', [path], { encoding: 'utf8' });
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(/gm)].map(([, library = '']) => library);
}

/** It lies where libpam looks for modules, which has the name of the architecture in it. */
function permitModule(): string {
  const pam = librariesOf(join(plugins, 'sudoers.so')).find((path) => path.includes('/libpam.'));
  return join(dirname(pam ?? '/lib/libpam.so.0'), 'security/pam_permit.so');
}
