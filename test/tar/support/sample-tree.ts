import { lutimes, mkdir, open, symlink, link, lchown, writeFile, chmod } from 'node:fs/promises';
import { runChecked } from '../../../src/process/run-command.ts';
import { type BytePath, toBytes } from '../../../src/bytes/byte-path.ts';

/** What a format can say beyond short names and small numbers. */
export interface SampleFeatures {
  readonly longNames?: 'ustar' | 'any';
  readonly devices?: boolean;
  readonly largeNumbers?: boolean;
  readonly xattrs?: boolean;
}

/** A file capability as setcap makes it: revision 2, cap_net_bind_service=ep. Not valid UTF-8 for sure. */
export const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
export const binaryXattr = Buffer.from([0, 0xff, 0x0a, 0x3d, 0x80, 0]);

/** Makes a tree with one of everything. Needs root. */
export async function makeSampleTree(root: string, features: SampleFeatures): Promise<void> {
  const at = (path: BytePath): Buffer => Buffer.concat([Buffer.from(`${root}/`), toBytes(path)]);
  const file = (path: BytePath, bytes: Buffer | string): Promise<void> =>
    writeFile(at(path), bytes);
  await mkdir(at('dir/sub'), { recursive: true });
  for (const size of [0, 1, 511, 512, 513, 100_000]) {
    await file(`dir/size-${size}`, Buffer.alloc(size, `content of ${size} `));
  }
  await file('name with space\nnewline\\back', 'a');
  await file('caf\xe9-latin1', 'b');
  await file('caf\xc3\xa9-utf8', 'c');
  await link(at('dir/size-513'), at('dir/sub/hard'));
  await symlink('../size-1', at('dir/sub/relative'));
  await symlink('/no/such\xff', at('absolute'));
  await file('setuid', 'd');
  await lchown(at('setuid'), 1234, 4321);
  await chmod(at('setuid'), 0o6755);
  await chmod(at('dir'), 0o3771);
  await lchown(at('dir/sub/relative'), 7, 8);
  await lutimes(at('dir/sub/relative'), 1_000_000_000, 1_000_000_000);
  if (features.devices === true) {
    await runChecked('mkfifo', [`${root}/pipe`]);
    await runChecked('mknod', [`${root}/null`, 'c', '1', '3']);
    await runChecked('mknod', [`${root}/disk`, 'b', '259', '70000']);
  }
  if (features.longNames !== undefined) await makeLongNames(at, features.longNames);
  if (features.largeNumbers === true) await makeLargeNumbers(root, at);
  if (features.xattrs === true) await makeXattrs(root, at);
}

type At = (path: BytePath) => Buffer;

async function makeLongNames(at: At, longNames: 'ustar' | 'any'): Promise<void> {
  const deep = `${'d'.repeat(60)}/${'e'.repeat(60)}`;
  await mkdir(at(deep), { recursive: true });
  await writeFile(at(`${deep}/${'f'.repeat(60)}`), 'deep');
  await writeFile(at('n'.repeat(100)), 'exactly 100');
  if (longNames === 'ustar') return;
  const deeper = `${deep}/${'g'.repeat(255)}/${'h'.repeat(255)}`;
  await mkdir(at(deeper), { recursive: true });
  await writeFile(at(`${deeper}/\xe9nd`), 'deeper');
  await symlink(`${'t'.repeat(200)}/\xff`, at('long-symlink'));
  await link(at(`${deeper}/\xe9nd`), at(`${'l'.repeat(101)}-hard`));
}

async function makeLargeNumbers(root: string, at: At): Promise<void> {
  await writeFile(at('large-ids'), '');
  await lchown(at('large-ids'), 4_000_000_000, 3_000_000);
  const times = { old: '1955-11-12 06:38:00.25 UTC', late: '2400-01-01 00:00:00 UTC' };
  for (const [name, time] of Object.entries(times)) {
    await runChecked('touch', ['-d', time, `${root}/${name}-time`]);
  }
  await runChecked('touch', ['-d', '@1700000000.123456789', `${root}/dir/size-1`]);
}

async function makeXattrs(root: string, at: At): Promise<void> {
  const set = async (path: string, name: string, value: Buffer): Promise<void> => {
    const hex = `0x${value.toString('hex')}`;
    await runChecked('setfattr', ['-h', '-n', name, '-v', hex, `${root}/${path}`]);
  };
  await writeFile(at('with-xattrs'), 'x');
  await set('with-xattrs', 'user.zz', binaryXattr);
  await set('with-xattrs', 'user.a=b%c', Buffer.from('x=y\n'));
  await set('with-xattrs', 'security.capability', capability);
  await set('dir', 'trusted.overlay.opaque', Buffer.from('y'));
}

/** A file of 9 GiB with two runs of data, whose size needs more than 33 bits. Returns the runs. */
export async function makeSparseFile(
  path: string,
): Promise<readonly { offset: number; bytes: Buffer }[]> {
  const runs = [
    { offset: 1_048_576, bytes: Buffer.alloc(4096, 'first ') },
    { offset: 9 * 1024 ** 3 - 8192, bytes: Buffer.alloc(4096, 'second ') },
  ];
  await using handle = await open(path, 'w');
  await handle.truncate(9 * 1024 ** 3);
  for (const { offset, bytes } of runs) await handle.write(bytes, 0, bytes.length, offset);
  return runs;
}

/** A file with `count` runs of one block each. */
export async function makeManyRuns(path: string, count: number): Promise<Buffer> {
  const content = Buffer.alloc(count * 8192);
  await using handle = await open(path, 'w');
  await handle.truncate(content.length);
  for (let run = 0; run < count; run++) {
    content.fill(`run ${run} `, run * 8192, run * 8192 + 4096);
    await handle.write(content, run * 8192, 4096, run * 8192);
  }
  return content;
}
