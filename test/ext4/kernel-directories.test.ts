import { lstat, readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toBytes } from '../../src/bytes/byte-path.ts';
import { e2fsckComplaints } from '../layout/support/judges.ts';
import { directory, file, treeOf } from '../layout/support/make-tree.ts';
import { mib, writeDisk } from '../layout/support/write-disk.ts';
import { mounted } from '../support/mounted.ts';
import { isRoot, scratchDir } from '../support/scratch.ts';
import { collidingNames } from './support/colliding-names.ts';

const scratch = scratchDir('kernel-directories');
const disk = join(scratch, 'disk.raw');

const numbered = (text: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${text}-${index}`);

const cases: readonly (readonly [string, readonly string[]])[] = [
  ['of names of one hash', collidingNames],
  ['of names of one hash among others', [...collidingNames, ...numbered('name', 2000)]],
  ['of two levels', numbered('a name that takes much room '.repeat(7), 9000)],
  ['of one block', numbered('\xff\xfe', 60)],
];

describe.skipIf(!isRoot)('a directory in the hands of the kernel (needs root to mount)', () => {
  it.for(cases)(
    '%s: every name is found, and half of them may go and others come',
    async ([, names]) => {
      const inode = file();
      const tree = treeOf({ d: directory() });
      for (const name of names) tree.put(`d/${name}`, inode);
      await writeDisk(disk, tree, { diskBytes: 64 * mib });
      await mounted(disk, 'rw', async (root) => {
        const pathOf = (name: string): Buffer => toBytes(`${root}/d/${name}`);
        const found = await readdir(`${root}/d`, { encoding: 'latin1' });
        expect(found.toSorted()).toEqual(names.toSorted());
        for (const name of names) await lstat(pathOf(name));
        await expect(lstat(pathOf(`${names[0]?.slice(0, -1)}?`))).rejects.toThrow('ENOENT');
        const gone = names.filter((_, index) => index % 2 === 0);
        for (const name of gone.slice(0, 10))
          await rename(pathOf(name), `${root}/${gone.indexOf(name)}`);
        for (const name of gone.slice(10)) await unlink(pathOf(name));
        for (const name of numbered('new', 500)) await writeFile(pathOf(name), name);
        for (const name of gone.slice(0, 10))
          await rename(`${root}/${gone.indexOf(name)}`, pathOf(name));
      });
      expect(await e2fsckComplaints(disk)).toBe('');
    },
  );
});
