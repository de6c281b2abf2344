import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { runChecked, runCommand } from '../../src/process/run-command.ts';
import { aclXattrValue } from '../../src/tar/acl-text.ts';
import { readEntries } from './support/read-archive.ts';
import { hasGnuTar, takesXattrs, testDir } from './support/tools.ts';

const place = { label: 'test.tar', offsetBytes: 0, path: 'file' };

/** user::rw- user:41234:rwx group::r-- group:41235:r-x mask::rwx other::r--, as Linux 6.1 has it. */
const extended = Buffer.from(
  '0200000001000600ffffffff0200070012a1000004000400ffffffff0800050013a1000010000700ffffffff20000400ffffffff',
  'hex',
);

describe('access control lists', () => {
  it.for([
    'user::rw-\nuser:41234:rwx\ngroup::r--\ngroup:41235:r-x\nmask::rwx\nother::r--\n',
    'user::rw-,group::r--,other::r--,user:jo:rwx:41234,group:crew:r-x:41235,mask::rwx',
    'user::rw-\nuser:41234:rwx\t#effective:r--\ngroup::r--\ngroup:41235:r-x\nmask:rwx\nother:r--',
  ])('%j becomes the attribute that the kernel has', (text) => {
    expect(aclXattrValue(text, 'access', place)).toEqual(extended);
    expect(aclXattrValue(text, 'default', place)).toEqual(extended);
  });

  it('leaves out an access list that the mode says already, but no default list', () => {
    const minimal = 'user::rwx,group::r-x,other::---';
    expect(aclXattrValue(minimal, 'access', place)).toBeUndefined();
    expect(aclXattrValue(minimal, 'default', place)).toHaveLength(28);
  });

  it.for([
    ['user::rw-,user:jo:rwx,group::r--,mask::rwx,other::r--', 'without a number'],
    ['user::rw-,user:4294967295:rwx,group::r--,mask::rwx,other::r--', 'without a number'],
    ['user::rw-,user:1:rwx,group::r--,other::r--', 'lacks or repeats'],
    ['user::rw-,user:1:rwx,user:1:r--,group::r--,mask::rwx,other::r--', 'lacks or repeats'],
    ['user::rw-,group::r--', 'lacks or repeats'],
    ['user::rw-,group::r--,other::r--,other::r--', 'lacks or repeats'],
    ['', 'lacks or repeats'],
    ['user::rwz,group::r--,other::r--', 'not an entry'],
    ['owner@:rw::allow', 'not an entry'],
    ['user::rw-:1:2,group::r--,other::r--', 'not an entry'],
  ] as const)('refuses %j', ([text, message]) => {
    const convert = (): unknown => aclXattrValue(text, 'access', place);
    expect(convert).toThrow(AshlarError);
    expect(convert).toThrow(message);
  });

  it('come from tar --acls as the kernel has them', async (ctx) => {
    ctx.skip(!hasGnuTar || !(await takesXattrs()), 'needs GNU tar and setfattr');
    await using dir = await testDir();
    await mkdir(join(dir.path, 'dir'));
    await writeFile(join(dir.path, 'dir/file'), '');
    const set = (name: string, path: string): Promise<{ exitCode: number | null }> => {
      const value = `0x${extended.toString('hex')}`;
      return runCommand('setfattr', ['-n', name, '-v', value, join(dir.path, path)]);
    };
    const { exitCode } = await set('system.posix_acl_access', 'dir/file');
    ctx.skip(exitCode !== 0, 'the temporary directory takes no access control lists');
    await set('system.posix_acl_default', 'dir');
    const path = join(dir.path, 'a.tar');
    await runChecked('tar', ['--acls', '-cf', path, '-C', dir.path, 'dir']);
    const entries = await readEntries(await readFile(path));
    expect(entries.map(({ path, xattrs }) => [path, xattrs])).toEqual([
      ['dir', [{ name: 'system.posix_acl_default', value: extended }]],
      ['dir/file', [{ name: 'system.posix_acl_access', value: extended }]],
    ]);
  });
});
