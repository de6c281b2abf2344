import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runChecked } from '../../src/process/run-command.ts';
import { readEntries } from './support/read-archive.ts';
import { hasPython, testDir } from './support/tools.ts';

/** Writes an archive in the format named, then prints what Python itself reads from it. */
const script = `
import io, json, sys, tarfile
path, form = sys.argv[1], getattr(tarfile, sys.argv[2])
def add(tar, name, kind, data=b'', **fields):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mtime = kind, len(data), 1700000000
    for key, value in fields.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))
with tarfile.open(path, 'w', format=form, encoding='utf-8', errors='surrogateescape') as tar:
    add(tar, './dir', tarfile.DIRTYPE, mode=0o1777)
    add(tar, 'dir/file', tarfile.REGTYPE, b'x' * 1000, mode=0o4755, uid=1000, gid=100)
    add(tar, 'dir/old', tarfile.AREGTYPE, b'y')
    add(tar, 'dir/contiguous', tarfile.CONTTYPE, b'z' * 512)
    add(tar, 'hard', tarfile.LNKTYPE, linkname='dir/file')
    add(tar, 'soft', tarfile.SYMTYPE, linkname='../x')
    add(tar, 'char', tarfile.CHRTYPE, devmajor=1, devminor=3)
    add(tar, 'block', tarfile.BLKTYPE, devmajor=259, devminor=70000)
    add(tar, 'pipe', tarfile.FIFOTYPE)
    add(tar, 'caf\\udce9', tarfile.REGTYPE)
    add(tar, 'caf\\u00e9', tarfile.REGTYPE)
    add(tar, 'a/' * 60 + 'prefixed', tarfile.REGTYPE, b'p')
    if form != tarfile.USTAR_FORMAT:
        add(tar, 'n' * 200, tarfile.REGTYPE, b'n')
        add(tar, 'long', tarfile.SYMTYPE, linkname='t' * 300)
        add(tar, 'ids', tarfile.REGTYPE, uid=4000000000, gid=3000000, mtime=-5)
    if form == tarfile.PAX_FORMAT:
        add(tar, 'fine', tarfile.REGTYPE, mtime=1700000000.5)
def of_bytes(name):
    return name.encode('utf-8', 'surrogateescape').decode('latin-1')
kinds = {tarfile.REGTYPE: 'file', tarfile.AREGTYPE: 'file', tarfile.CONTTYPE: 'file', tarfile.DIRTYPE: 'directory',
    tarfile.LNKTYPE: 'hardlink', tarfile.SYMTYPE: 'symlink', tarfile.CHRTYPE: 'char', tarfile.BLKTYPE: 'block',
    tarfile.FIFOTYPE: 'fifo'}
with tarfile.open(path, encoding='utf-8', errors='surrogateescape') as tar:
    print(json.dumps([{
        'path': of_bytes(info.name.removeprefix('./')), 'type': kinds[info.type], 'mode': info.mode,
        'uid': info.uid, 'gid': info.gid, 'mtime': info.mtime, 'sizeBytes': info.size,
        'linkTarget': of_bytes(info.linkname), 'deviceMajor': info.devmajor, 'deviceMinor': info.devminor,
    } for info in tar]))
`;

const formats = [
  { format: 'USTAR_FORMAT', count: 12 },
  { format: 'GNU_FORMAT', count: 15 },
  { format: 'PAX_FORMAT', count: 16 },
];

describe(`what Python's tarfile writes${hasPython ? '' : ' (skipped: python3 is not installed)'}`, () => {
  it.skipIf(!hasPython).for(formats)('$format', async ({ format, count }) => {
    await using dir = await testDir();
    const program = join(dir.path, 'write.py');
    const path = join(dir.path, 'a.tar');
    await writeFile(program, script);
    const { stdout } = await runChecked('python3', [program, path, format], { timeoutMs: 60_000 });
    const entries = await readEntries(await readFile(path));
    expect(entries).toHaveLength(count);
    const read = entries.map(({ mtimeSec, mtimeNsec, xattrs, ...entry }) => ({
      ...entry,
      mtime: mtimeSec + mtimeNsec / 1e9,
      attributes: xattrs.length,
    }));
    const expected = JSON.parse(stdout.toString('utf8')) as readonly object[];
    expect(read).toEqual(expected.map((member) => ({ ...member, attributes: 0 })));
  });
});
