import {
  chmod,
  chown,
  link,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLockfileFile, replaceLockfileFile } from '../../../mirror/lockfile/lockfile-file.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import { isRoot, scratchDir } from '../../support/scratch.ts';

const scratch = scratchDir('lockfile-file');
let made = 0;

async function newFile(content: string | Uint8Array, name = 'package-lock.json'): Promise<string> {
  made += 1;
  const directory = join(scratch, String(made));
  await mkdir(directory);
  await writeFile(join(directory, name), content);
  return join(directory, name);
}

const unusable = (words: RegExp): unknown =>
  expect.objectContaining({ code: 'lockfile_unusable', message: expect.stringMatching(words) });

describe('a lockfile on disk', () => {
  it('is replaced with its mode', async () => {
    const path = await newFile('one');
    await chmod(path, 0o640);
    await replaceLockfileFile(await readLockfileFile(path), 'two \u{1F600}');
    expect(await readFile(path, 'utf8')).toBe('two \u{1F600}');
    expect((await stat(path)).mode & 0o7777).toBe(0o640);
    expect(await readdir(join(path, '..'))).toEqual(['package-lock.json']);
  });

  it.skipIf(!isRoot)('is replaced with its owner (needs root)', async () => {
    const path = await newFile('one');
    await chown(path, 1234, 2345);
    await chmod(path, 0o4755);
    await replaceLockfileFile(await readLockfileFile(path), 'two');
    expect(await stat(path)).toMatchObject({ uid: 1234, gid: 2345, mode: 0o104755 });
  });

  it('keeps every byte that is UTF-8', async () => {
    const bytes = Buffer.from('\uFEFF{"a": "é\u{1F600}\uFFFD"}\r\n\u2028');
    const path = await newFile(bytes);
    const file = await readLockfileFile(path);
    await replaceLockfileFile(file, file.text);
    expect(await readFile(path)).toEqual(bytes);
  });

  it('is not UTF-8', async () => {
    for (const bytes of [
      Buffer.from('{"a": "é"}', 'utf16le'),
      Buffer.from('{"a": "\xe9"}', 'latin1'),
    ]) {
      const path = await newFile(Buffer.concat([Buffer.from([0xff, 0xfe]), bytes]));
      await expect(readLockfileFile(path)).rejects.toMatchObject({
        code: 'lockfile_invalid',
        message: `${path}: not UTF-8`,
      });
    }
  });

  it('is missing, or something else than a file', async () => {
    const path = await newFile('x');
    const directory = join(path, '..');
    await expect(readLockfileFile(join(directory, 'no'))).rejects.toEqual(
      unusable(/does not exist/),
    );
    await expect(readLockfileFile(join(path, 'no'))).rejects.toEqual(unusable(/does not exist/));
    await expect(readLockfileFile(directory)).rejects.toEqual(unusable(/is no file/));
    await expect(readLockfileFile('/dev/zero')).rejects.toEqual(unusable(/is no file/));
    await runCommand('mkfifo', [join(directory, 'pipe')]);
    await expect(readLockfileFile(join(directory, 'pipe'))).rejects.toEqual(unusable(/is no file/));
    await symlink('loop', join(directory, 'loop'));
    await expect(readLockfileFile(join(directory, 'loop'))).rejects.toEqual(
      unusable(/leads nowhere/),
    );
  });

  it('is larger than any lockfile', async () => {
    const path = await newFile('x');
    await truncate(path, 200 * 1024 * 1024);
    await expect(readLockfileFile(path)).rejects.toEqual(unusable(/has more than 67108864 bytes/));
  });

  it('is a link: it is read, and not replaced', async () => {
    const path = await newFile('one');
    const name = join(path, '../link.json');
    await symlink(path, name);
    const file = await readLockfileFile(name);
    expect(file.text).toBe('one');
    expect(file.identity).toBe((await readLockfileFile(path)).identity);
    await expect(replaceLockfileFile(file, 'two')).rejects.toEqual(unusable(/is a link/));
    expect(await readFile(path, 'utf8')).toBe('one');
    expect((await readdir(join(path, '..'))).toSorted()).toEqual([
      'link.json',
      'package-lock.json',
    ]);
  });

  it('leaves its other names as they are', async () => {
    const path = await newFile('one');
    await link(path, join(path, '../other'));
    await replaceLockfileFile(await readLockfileFile(path), 'two');
    expect(await readFile(join(path, '../other'), 'utf8')).toBe('one');
  });

  it('has changed, or is gone, since it was read', async () => {
    const path = await newFile('one');
    const file = await readLockfileFile(path);
    await writeFile(path, 'another');
    await expect(replaceLockfileFile(file, 'two')).rejects.toEqual(unusable(/has changed/));
    expect(await readFile(path, 'utf8')).toBe('another');
    const again = await readLockfileFile(path);
    await utimes(path, 1, 1);
    await expect(replaceLockfileFile(again, 'two')).rejects.toEqual(unusable(/has changed/));
    await runCommand('rm', [path]);
    await expect(replaceLockfileFile(again, 'two')).rejects.toEqual(unusable(/is gone/));
    expect(await readdir(join(path, '..'))).toEqual([]);
  });

  it.skipIf(!isRoot)('cannot be read or replaced by this user (needs root)', async () => {
    const path = await newFile('one');
    const directory = join(path, '..');
    await chmod(directory, 0o555);
    // Root without its rights over files.
    const script = `
      import { readLockfileFile, replaceLockfileFile } from ${JSON.stringify(join(import.meta.dirname, '../../../mirror/lockfile/lockfile-file.ts'))};
      const say = (error) => console.log(error.code, error.message);
      const file = await readLockfileFile(process.argv[1]).catch(say);
      if (file) await replaceLockfileFile(file, 'two').catch(say);`;
    const run = async (): Promise<string> => {
      const node = [process.execPath, '--input-type=module', '--eval', script, path];
      const dropped = ['--bounding-set=-all', '--inh-caps=-all'];
      const { stdout } = await runCommand('setpriv', [...dropped, ...node]);
      return stdout.toString();
    };
    expect(await run()).toMatch(/^lockfile_unusable .* lies in a directory that this user cannot/);
    await chmod(path, 0);
    expect(await run()).toMatch(/^lockfile_unusable .* cannot be read by this user/);
    await chmod(path, 0o644);
    await chmod(directory, 0o755);
    await chown(path, 1234, 1234);
    expect(await run()).toMatch(/^lockfile_unusable .* belongs to somebody else/);
    expect(await readFile(path, 'utf8')).toBe('one');
    expect(await readdir(directory)).toEqual(['package-lock.json']);
  });
});
