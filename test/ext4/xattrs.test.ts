import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planXattrs } from '../../src/ext4/xattr-encoding.ts';
import { runCommand } from '../../src/process/run-command.ts';
import type { FileTree } from '../../src/tree/file-tree.ts';
import type { Xattr } from '../../src/tree/inode.ts';
import { orderTree } from '../../src/tree/tree-order.ts';
import { collectInodes } from '../../src/layout/collect-inodes.ts';
import { createContentBank } from '../layout/support/content-bank.ts';
import { e2fsckComplaints } from '../layout/support/judges.ts';
import { directory, file, fileOf, pipe, symlink, treeOf } from '../layout/support/make-tree.ts';
import { expectedXattrs, readXattrs } from '../layout/support/read-back.ts';
import { mib, writeDisk } from '../layout/support/write-disk.ts';
import { mounted } from '../support/mounted.ts';
import { isRoot, scratchDir } from '../support/scratch.ts';
import { aclOf, aclTags, sharedAcl } from './support/acl.ts';

const scratch = scratchDir('xattrs');
const disk = join(scratch, 'disk.raw');

const user = (name: string, valueBytes: number): Xattr => ({
  name: `user.${name}`,
  value: Buffer.alloc(valueBytes, 'v'),
});

const sorted = (xattrs: Xattr[]): Xattr[] =>
  xattrs.toSorted((left, right) => (left.name < right.name ? -1 : 1));

/** cap_net_bind_service,cap_net_raw=ep, as setcap writes it (vfs_cap_data, revision 2). */
const capability = Buffer.from('0100000200240000000000000000000000000000', 'hex');

/** What another user reads of the file `secret` in the root of the disk. */
const readAs = (uid: number, gid: number): Promise<string> =>
  mounted(disk, 'ro', async (root) => {
    const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
    // From within, since the way to the mount point is closed to others.
    const result = await runCommand('setpriv', [...ids, 'cat', 'secret'], { cwd: root });
    return result.stdout.toString();
  });

describe('where extended attributes are kept', () => {
  it.for([
    ['nowhere', [], 'none'],
    ['in the inode, full to the last byte', [user('n', 68)], 'inode'],
    ['in a block, when a byte too many for the inode', [user('n', 69)], 'block'],
    ['in a block, full to the last byte', [user('n', 4040)], 'block'],
    ['in a block, many and full', Array.from({ length: 145 }, (_, i) => user(`${i}`, 6)), 'block'],
  ] as const)('%s', async ([, xattrs, kind]) => {
    expect(planXattrs(xattrs, () => '/f').kind).toBe(kind);
    await writeDisk(disk, treeOf({ f: file({ xattrs }) }), { diskBytes: 16 * mib });
    expect(await e2fsckComplaints(disk)).toBe('');
  });

  it.for([
    ['a value', [user('n', 4041)]],
    ['values together', [user('a', 2020), user('b', 2001)]],
    ['names', Array.from({ length: 146 }, (_, i) => user(`${i}`, 6))],
  ] as const)('is nowhere for %s of a byte too many, and the file is named', ([, xattrs]) => {
    const tree = treeOf({ srv: directory(), 'srv/f': file({ xattrs }) });
    expect(() => collectInodes(orderTree(tree))).toThrow(
      expect.objectContaining({
        code: 'image_too_large',
        message: expect.stringContaining('/srv/f') as string,
      }),
    );
  });

  it.for(['user.', 'other.name', 'user', ''])('is nowhere for the name %j', (name) => {
    expect(() => planXattrs([{ name, value: Buffer.alloc(1) }], () => '/f')).toThrow(
      expect.objectContaining({ code: 'layer_invalid' }),
    );
  });
});

describe.skipIf(!isRoot)('extended attributes, read by the kernel (needs root to mount)', () => {
  const bank = createContentBank();

  const readBack = async (tree: FileTree): Promise<string[]> => {
    await writeDisk(disk, tree, { diskBytes: 16 * mib, bank });
    expect(await e2fsckComplaints(disk)).toBe('');
    return mounted(disk, 'ro', readXattrs);
  };

  it('are what the tree has', async () => {
    const tree = treeOf({
      'in-inode': file({ xattrs: [user('note', 3), user('other', 0)] }),
      'in-block': file({ xattrs: sorted(Array.from({ length: 40 }, (_, i) => user(`${i}`, i))) }),
      full: file({ xattrs: [user('n', 4040)] }),
      bytes: file({ xattrs: [{ name: 'user.\xff\x80=\n\\', value: Buffer.from([0, 255]) }] }),
      'bytes-in-block': file({ xattrs: [user('\xe9t\xe9', 200), user('\xff\xfe', 200)] }),
      'long-name': file({ xattrs: [user('n'.repeat(250), 5)] }),
      all: file({
        xattrs: [
          { name: 'security.capability', value: capability },
          { name: 'security.ima', value: Buffer.from([1, 2, 3]) },
          { name: 'trusted.note', value: Buffer.from('for root') },
          user('note', 9),
        ],
      }),
      directory: directory({ xattrs: [user('dir', 10)] }),
      link: symlink('/nowhere', { xattrs: [{ name: 'trusted.link', value: Buffer.from('l') }] }),
      pipe: { ...pipe('fifo'), xattrs: [{ name: 'trusted.pipe', value: Buffer.alloc(300, 1) }] },
    });
    expect(await readBack(tree)).toEqual(expectedXattrs(tree));
  });

  it('are the ACLs of the tree, and count', async () => {
    const tree = treeOf({
      secret: fileOf(Buffer.from('the secret'), bank, {
        mode: 0o640,
        xattrs: [{ name: 'system.posix_acl_access', value: sharedAcl }],
      }),
      shared: directory({
        xattrs: [
          { name: 'system.posix_acl_access', value: sharedAcl },
          { name: 'system.posix_acl_default', value: sharedAcl },
        ],
      }),
    });
    expect(await readBack(tree)).toEqual(expectedXattrs(tree));
    expect(await readAs(1234, 1234)).toBe('the secret');
    expect(await readAs(1235, 70_000)).toBe('the secret');
    expect(await readAs(1235, 1235)).toBe('');
  });
});

describe('ACLs', () => {
  it.for([
    ['of another version', Buffer.from('01000000', 'hex')],
    ['that are cut off', sharedAcl.subarray(0, 10)],
    ['of no bytes', Buffer.alloc(0)],
    ['with a tag that Linux does not have', aclOf([0x40, 4])],
    ['with a permission that Linux does not have', aclOf([aclTags.owner, 8])],
  ] as const)('%s are refused, and the file is named', ([, value]) => {
    expect(() => planXattrs([{ name: 'system.posix_acl_access', value }], () => '/srv/f')).toThrow(
      expect.objectContaining({
        code: 'layer_invalid',
        message: expect.stringContaining('/srv/f') as string,
      }),
    );
  });
});
