import { describe, expect, it } from 'vitest';
import { changedFiles, type FileChange } from '../../../base-images/files/changed-files.ts';
import type { ImageFiles } from '../../../base-images/files/image-files.ts';
import { storedSketch } from '../support/sketched-files.ts';

const owned = { mode: 0o644, uid: 0, gid: 0 };
const file = (path: string, text: string): FileChange => ({
  ...owned,
  kind: 'file',
  path,
  content: Buffer.from(text),
});
const directory = (path: string): FileChange => ({
  ...owned,
  kind: 'directory',
  path,
  mode: 0o755,
});

async function base(): Promise<ImageFiles> {
  return storedSketch({
    bin: { target: 'usr/bin' },
    'usr/bin/sh': { content: 'shell', mode: 0o755 },
    'etc/passwd': 'root\n',
    'etc/resolv.conf': { target: '../run/resolv.conf' },
    'etc/sudoers.d/README': 'read me',
    'etc/sudoers.d/deep/er': 'x',
  });
}

const text = async (files: ImageFiles, path: string): Promise<string | undefined> =>
  (await files.read(path, { maxBytes: 100 }))?.toString();

describe('files with changes', () => {
  it('are the same files where nothing was changed', async () => {
    const files = await changedFiles(await base(), []);
    expect(await files.names('')).toEqual(['bin', 'etc', 'usr']);
    expect(await text(files, 'bin/sh')).toBe('shell');
    expect(await files.at('etc/resolv.conf')).toMatchObject({ target: '../run/resolv.conf' });
  });

  it('have new files beside the old, and new bytes for old ones', async () => {
    const files = await changedFiles(await base(), [
      file('etc/passwd', 'root\ndev\n'),
      file('etc/sudoers.d/zz-ashlar', 'rule\n'),
      file('usr/bin/new', 'program'),
    ]);
    expect(await text(files, 'etc/passwd')).toBe('root\ndev\n');
    expect(await files.names('etc/sudoers.d')).toEqual(['README', 'deep', 'zz-ashlar']);
    expect(await text(files, 'bin/new')).toBe('program');
    expect(await text(files, 'etc/sudoers.d/README')).toBe('read me');
  });

  it('replace a link by a file, and do not write through it', async () => {
    const files = await changedFiles(await base(), [file('etc/resolv.conf', 'nameserver\n')]);
    expect(await files.at('etc/resolv.conf')).toMatchObject({ type: 'file', sizeBytes: 11 });
    expect(await files.at('run')).toBe(null);
  });

  it('replace a directory with all that is in it', async () => {
    const files = await changedFiles(await base(), [file('etc/sudoers.d', 'a file')]);
    expect(await files.follow('etc/sudoers.d/README')).toBe(null);
    expect(await files.names('etc/sudoers.d')).toEqual([]);
  });

  it('keep what is in a directory that is made again, unless it was removed', async () => {
    const kept = await changedFiles(await base(), [directory('etc/sudoers.d')]);
    expect(await kept.names('etc/sudoers.d')).toEqual(['README', 'deep']);
    const made = await changedFiles(await base(), [
      file('etc/sudoers.d/mine', 'mine'),
      { kind: 'remove', path: 'etc/sudoers.d' },
      directory('etc/sudoers.d'),
      file('etc/sudoers.d/later', 'later'),
    ]);
    expect(await made.names('etc/sudoers.d')).toEqual(['later']);
    expect(await made.follow('etc/sudoers.d/deep/er')).toBe(null);
  });

  it('remove what was there, and what an earlier change made', async () => {
    const files = await changedFiles(await base(), [
      file('etc/new', 'new'),
      { kind: 'remove', path: 'etc/new' },
      { kind: 'remove', path: 'etc/passwd' },
      { kind: 'remove', path: 'etc/never-there' },
    ]);
    expect(await files.names('etc')).toEqual(['resolv.conf', 'sudoers.d']);
    expect(await text(files, 'etc/passwd')).toBe(undefined);
  });

  it('change mode and owner of what is there, and leave the bytes', async () => {
    const files = await changedFiles(await base(), [
      { kind: 'mode', path: 'etc/passwd', mode: 0o600, uid: 5, gid: 6 },
      { kind: 'mode', path: 'etc/sudoers.d', mode: 0o700, uid: 0, gid: 0 },
      { kind: 'mode', path: 'etc/nothing', mode: 0o700, uid: 0, gid: 0 },
      file('etc/made', 'made'),
      { kind: 'mode', path: 'etc/made', mode: 0o440, uid: 0, gid: 0 },
    ]);
    expect(await files.at('etc/passwd')).toMatchObject({ mode: 0o600, uid: 5, gid: 6 });
    expect(await text(files, 'etc/passwd')).toBe('root\n');
    expect(await files.at('etc/sudoers.d')).toMatchObject({ mode: 0o700 });
    expect(await text(files, 'etc/sudoers.d/README')).toBe('read me');
    expect(await files.at('etc/nothing')).toBe(null);
    expect(await files.at('etc/made')).toMatchObject({ mode: 0o440 });
    expect(await text(files, 'etc/made')).toBe('made');
  });

  it('turn a link into a directory of which nothing is seen but what is put there', async () => {
    const files = await changedFiles(await base(), [directory('bin'), file('bin/only', 'only')]);
    expect(await files.names('bin')).toEqual(['only']);
    expect(await files.names('usr/bin')).toEqual(['sh']);
  });

  it('do not show what is put into a directory that is not there', async () => {
    const files = await changedFiles(await base(), [file('opt/ashlar/file', 'x')]);
    expect(await files.at('opt')).toBe(null);
    expect(await files.at('opt/ashlar/file')).toBe(null);
  });

  it('can be changed again', async () => {
    const first = await changedFiles(await base(), [file('etc/a', 'one')]);
    const second = await changedFiles(first, [file('etc/b', 'two'), file('etc/a', 'three')]);
    expect(await text(second, 'etc/a')).toBe('three');
    expect(await text(second, 'etc/b')).toBe('two');
    expect(await text(first, 'etc/a')).toBe('one');
  });
});
