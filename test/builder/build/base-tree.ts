import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../../../builder/run/tool-environment.ts';

/** The time of every file of the base. */
export const baseTimeSec = 1_600_000_000;

/** The names of busybox in the base; a link each. */
const applets = `
  [ ash basename cat chmod chown cp cut date dd df dirname du echo env false find grep head id ip kill ln ls
  mkdir mkfifo mknod mktemp mount mv nc od pidof ping printf ps pwd readlink rm rmdir sed seq setsid sh sleep sort
  stat sync tail tar tee test touch tr true truncate umount uname wc wget xargs yes
`
  .trim()
  .split(/\s+/);

/** What the base holds besides busybox: contents of files, `->target` for links, null for directories. */
const files: Readonly<Record<string, string | null>> = {
  dev: null,
  proc: null,
  sys: null,
  tmp: null,
  root: null,
  'home/node': null,
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1001::/home/node:/bin/sh\nweb:x:33:33::/:/bin/sh\n',
  'etc/group': 'root:x:0:\nnode:x:1001:\nweb:x:33:\naudio:x:29:node\n',
  'usr/lib/base.so': 'library',
  lib: '->usr/lib',
  'data/a': 'a',
  'data/b': 'b',
  'data/large': 'large '.repeat(50_000),
  'data/to-a': '->a',
  'data/capable': 'capable',
  'data/sub/c': 'c',
  'data/sub/deep/d': 'd',
  'data/hard/one': 'linked',
  'opt/gone/e': 'e',
  'opt/gone/sub/f': 'f',
  'opt/opaque/g': 'g',
  'opt/opaque/sub/h': 'h',
  'opt/moved/i': 'i',
  'opt/moved/sub/j': 'j',
  'opt/plain/k': 'k',
  'opt/to-plain': '->plain',
};

/** Makes a root file system with static busybox below `directory` and gives the path of its archive. */
export async function makeBaseArchive(directory: string): Promise<string> {
  const root = join(directory, 'base');
  mkdirSync(root, { recursive: true });
  mkdirSync(join(root, 'bin'));
  copyFileSync((await findTool('busybox')) ?? 'busybox', join(root, 'bin/busybox'));
  for (const name of applets) symlinkSync('busybox', join(root, 'bin', name));
  for (const [path, content] of Object.entries(files)) {
    const at = join(root, path);
    mkdirSync(content === null ? at : join(at, '..'), { recursive: true });
    if (content?.startsWith('->')) symlinkSync(content.slice(2), at);
    else if (content !== null) writeFileSync(at, content);
  }
  linkSync(join(root, 'data/hard/one'), join(root, 'data/hard/two'));
  chmodSync(join(root, 'tmp'), 0o1777);
  chownSync(join(root, 'data/b'), 1000, 1001);
  chmodSync(join(root, 'data/b'), 0o4750);
  chownSync(join(root, 'home/node'), 1000, 1001);
  execFileSync('setcap', ['cap_net_raw+ep', join(root, 'data/capable')]);
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', join(root, 'data/a')]);
  const archive = join(directory, 'base.tar');
  const attributes = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--format=posix'];
  const time = `--mtime=@${baseTimeSec}`;
  execFileSync('tar', [...attributes, time, '--sort=name', '-C', root, '-cf', archive, '.']);
  return archive;
}
