import { describe, expect, it } from 'vitest';
import type { ImageFiles } from '../../../base-images/files/image-files.ts';
import type { Sketches } from '../support/sketched-files.ts';

const bytes = Buffer.from(Array.from({ length: 256 }, (_, code) => code));
const large = Buffer.alloc(200_000, 'Ashlar ');

/** What every implementation is asked about. */
export const contractFiles: Sketches = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
  'etc/sudoers': { content: 'root ALL=(ALL) ALL\n', mode: 0o440 },
  'etc/bytes': bytes,
  'etc/large': large,
  'etc/empty': '',
  'etc/os-release': { target: '../usr/lib/os-release' },
  'etc/mtab': { target: '/proc/self/mounts' },
  'etc/shadow': { content: 'root:*::\n', mode: 0o640, uid: 0, gid: 42 },
  'etc/sudoers.d': { directory: true, mode: 0o750, uid: 3, gid: 4 },
  'etc/sudoers.d/z': 'z',
  'etc/sudoers.d/a': 'a',
  'etc/sudoers.d/sub/inner': 'i',
  'etc/sudoers.d/a.b/inner': 'i',
  'etc/sudoers.d/a\x01b/inner': 'i',
  'usr/lib/os-release': 'ID=debian\n',
  'usr/bin/sudo': { content: 'program', mode: 0o4755 },
  bin: { target: 'usr/bin' },
  sbin: { target: '/usr/bin/' },
  'links/out': { target: '../../../../etc/passwd' },
  'links/absolute': { target: '/etc/passwd' },
  'links/dangling': { target: 'nothing' },
  'links/one': { target: 'two' },
  'links/two': { target: 'one' },
  'links/self': { target: '.' },
  'links/through-a-file': { target: '../etc/passwd/x' },
  'links/directory': { target: '../etc/sudoers.d' },
  'na\xefve/caf\xe9': 'latin1',
};

/** The contract of `ImageFiles`. `make` is called once; it is skipped where something is `missing`. */
export function describeImageFiles(
  name: string,
  make: (sketches: Sketches) => Promise<ImageFiles>,
  missing: string | null = null,
): void {
  const skipped = missing === null ? '' : ` (skipped: ${missing})`;
  describe.skipIf(missing !== null)(`${name} as ImageFiles${skipped}`, () => {
    let made: Promise<ImageFiles> | undefined;
    const files = (): Promise<ImageFiles> => (made ??= make(contractFiles));
    const read = async (path: string, maxBytes = 1_000_000): Promise<string | undefined> =>
      (await (await files()).read(path, { maxBytes }))?.toString('latin1');
    const pathOf = async (path: string): Promise<string | undefined> =>
      (await (await files()).follow(path))?.path;

    it('says what has a name, without following it', async () => {
      const at = async (path: string) => (await files()).at(path);
      const root = { uid: 0, gid: 0, target: null };
      expect(await at('etc/sudoers')).toEqual({
        ...root,
        path: 'etc/sudoers',
        type: 'file',
        mode: 0o440,
        sizeBytes: 19,
      });
      expect(await at('etc/shadow')).toMatchObject({ mode: 0o640, gid: 42 });
      expect(await at('usr/bin/sudo')).toMatchObject({ mode: 0o4755 });
      expect(await at('etc/sudoers.d')).toEqual({
        path: 'etc/sudoers.d',
        type: 'directory',
        mode: 0o750,
        uid: 3,
        gid: 4,
        sizeBytes: 0,
        target: null,
      });
      expect(await at('etc/os-release')).toMatchObject({
        type: 'symlink',
        target: '../usr/lib/os-release',
        sizeBytes: 0,
      });
      expect(await at('links/dangling')).toMatchObject({ type: 'symlink', target: 'nothing' });
      expect(await at('')).toMatchObject({ path: '', type: 'directory' });
    });

    it('follows links on the way to a name', async () => {
      const at = async (path: string) => (await (await files()).at(path))?.path;
      expect(await at('bin/sudo')).toBe('usr/bin/sudo');
      expect(await at('sbin/sudo')).toBe('usr/bin/sudo');
      expect(await at('links/directory/a')).toBe('etc/sudoers.d/a');
      expect(await at('links/self/self/one')).toBe('links/one');
      expect(await at('/etc//./passwd')).toBe('etc/passwd');
      expect(await at('etc/../usr/bin')).toBe('usr/bin');
      expect(await at('etc/')).toBe('etc');
      expect(await at('bin/')).toBe('bin');
      expect(await at('../..')).toBe('');
    });

    it('has nothing where there is nothing', async () => {
      for (const path of ['nothing', 'etc/nothing', 'nothing/below', 'etc/passwd/below', 'etc/x/'])
        expect([path, await (await files()).at(path)]).toEqual([path, null]);
      for (const path of ['links/dangling/x', 'links/one/x', 'etc/passwd/..'])
        expect([path, await (await files()).at(path)]).toEqual([path, null]);
    });

    it('follows a name to what it leads to, and never out of the root', async () => {
      expect(await pathOf('etc/os-release')).toBe('usr/lib/os-release');
      expect(await pathOf('links/out')).toBe('etc/passwd');
      expect(await pathOf('links/absolute')).toBe('etc/passwd');
      expect(await pathOf('links/self')).toBe('links');
      expect(await pathOf('sbin')).toBe('usr/bin');
      expect(await pathOf('')).toBe('');
      for (const path of ['links/dangling', 'links/one', 'links/through-a-file', 'etc/mtab'])
        expect([path, await (await files()).follow(path)]).toEqual([path, null]);
    });

    it('names what is in a directory, in the order of bytes', async () => {
      const names = async (path: string) => (await files()).names(path);
      expect(await names('etc/sudoers.d')).toEqual(['a', 'a\x01b', 'a.b', 'sub', 'z']);
      expect(await names('links/directory')).toEqual(['a', 'a\x01b', 'a.b', 'sub', 'z']);
      expect(await names('etc/sudoers.d/sub')).toEqual(['inner']);
      expect(await names('')).toEqual(['bin', 'etc', 'links', 'na\xefve', 'sbin', 'usr']);
      expect(await names('na\xefve')).toEqual(['caf\xe9']);
      for (const path of ['etc/passwd', 'nothing', 'links/dangling', 'links/one'])
        expect([path, await names(path)]).toEqual([path, []]);
    });

    it('reads regular files, whatever is in them', async () => {
      expect(await read('etc/passwd')).toBe('root:x:0:0:root:/root:/bin/bash\n');
      expect(await read('etc/os-release')).toBe('ID=debian\n');
      expect(await read('links/out')).toBe('root:x:0:0:root:/root:/bin/bash\n');
      expect(await read('etc/bytes')).toBe(bytes.toString('latin1'));
      expect(await read('etc/large')).toBe(large.toString('latin1'));
      expect(await read('etc/empty')).toBe('');
      expect(await read('na\xefve/caf\xe9')).toBe('latin1');
    });

    it('reads nothing that is no regular file', async () => {
      for (const path of [
        'etc',
        'nothing',
        'links/dangling',
        'links/one',
        'links/self',
        'etc/mtab',
      ])
        expect([path, await read(path)]).toEqual([path, undefined]);
    });

    it('refuses what is larger than was asked for, with the file and its size', async () => {
      expect(await read('etc/passwd', 32)).toBe('root:x:0:0:root:/root:/bin/bash\n');
      await expect(read('links/absolute', 31)).rejects.toMatchObject({
        code: 'base_file_too_large',
        data: { path: '/etc/passwd', sizeBytes: 32, maxBytes: 31 },
      });
    });

    it('gives bytes that are the caller’s own', async () => {
      const own = await (await files()).read('etc/passwd', { maxBytes: 100 });
      own?.fill(0);
      expect(await read('etc/passwd')).toBe('root:x:0:0:root:/root:/bin/bash\n');
    });
  });
}
