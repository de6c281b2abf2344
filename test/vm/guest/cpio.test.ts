import { mkdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTempDir, runChecked } from '../../../src/index.ts';
import { findProgram } from '../../../vm/find-program.ts';
import { encodeCpio } from '../../../vm/guest/cpio.ts';

it('writes a header as the newc format has it', () => {
  const archive = encodeCpio([
    { type: 'file', path: 'a', mode: 0o755, bytes: Buffer.from('hello') },
  ]);
  expect(archive.toString('latin1', 0, 112)).toBe(
    '070701' +
      '00000001' + // inode
      '000081ed' + // mode: a regular file, 0755
      '00000000' + // uid
      '00000000' + // gid
      '00000001' + // links
      '00000000' + // mtime
      '00000005' + // size
      '00000000'.repeat(4) + // device and special device
      '00000002' + // size of the name with its NUL
      '00000000' + // checksum, unused
      'a\0',
  );
  expect(archive.toString('latin1', 112, 120)).toBe('hello\0\0\0');
  expect(archive.length % 512).toBe(0);
});

const cpio = await findProgram('cpio');

it.skipIf(cpio === undefined)(
  `is unpacked by the cpio program${cpio === undefined ? ' (skipped: cpio is not installed)' : ''}`,
  async () => {
    await using dir = await createTempDir(tmpdir(), 'ashlar-cpio');
    const bytes = Buffer.from([0, 1, 2, 255, 254]);
    const archive = encodeCpio([
      { type: 'directory', path: 'd' },
      { type: 'file', path: 'd/empty', mode: 0o600, bytes: Buffer.alloc(0) },
      { type: 'file', path: 'd/grüße', mode: 0o4711, bytes },
      { type: 'symlink', path: 'd/link', target: '../d/empty' },
    ]);
    const tree = join(dir.path, 'tree');
    await mkdir(tree);
    await writeFile(join(dir.path, 'archive'), archive);
    await runChecked('cpio', ['-idm', '--quiet'], { cwd: tree, input: archive });
    expect((await readFile(join(tree, 'd', 'grüße'))).equals(bytes)).toBe(true);
    expect((await stat(join(tree, 'd', 'grüße'))).mode & 0o7777).toBe(0o4711);
    expect((await stat(join(tree, 'd', 'empty'))).size).toBe(0);
    expect(await readlink(join(tree, 'd', 'link'))).toBe('../d/empty');
    const listing = await runChecked('cpio', ['-tv', '--quiet'], {
      input: encodeCpio([{ type: 'character-device', path: 'console', major: 5, minor: 1 }]),
    });
    expect(listing.stdout.toString('utf8')).toMatch(/^crw-------.*5, *1 .*console/);
  },
);
