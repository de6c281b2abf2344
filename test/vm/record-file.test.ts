import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTempDir, runChecked } from '../../src/index.ts';
import { prepareGuest } from '../../vm/index.ts';
import { readRecordFile } from '../../vm/record-file.ts';

const makers: readonly (readonly [string, (path: string) => Promise<unknown>])[] = [
  ['a directory', (path) => mkdir(path)],
  ['a named pipe', (path) => runChecked('mkfifo', [path])],
  ['a link to itself', (path) => symlink(path, path)],
  [
    'a file of many megabytes',
    async (path) => {
      await writeFile(path, '');
      await truncate(path, 64 * 1024 * 1024);
    },
  ],
];

describe('a record below the state directory', () => {
  it('is given as it is, and null where there is none', async () => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-record');
    const path = join(directory.path, 'record.json');
    expect(await readRecordFile(path)).toBeNull();
    expect(await readRecordFile(join(path, 'below'))).toBeNull();
    await writeFile(path, '{"a":1}');
    expect(await readRecordFile(path)).toBe('{"a":1}');
    expect(await readRecordFile(join(path, 'below'))).toBeNull();
  });

  it.each(makers)('with %s in its place is named, and not waited for', async (_, make) => {
    await using directory = await createTempDir(tmpdir(), 'ashlar-record');
    await mkdir(join(directory.path, 'vm'));
    const path = join(directory.path, 'vm', 'kernel.json');
    await make(path);
    const expected = { code: 'home_unusable', message: expect.stringContaining(path) };
    await expect(readRecordFile(path)).rejects.toMatchObject(expected);
    await expect(prepareGuest(directory.path)).rejects.toMatchObject(expected);
  });
});
