import { execFileSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRoot } from '../../support/scratch.ts';
import { type BuildBench, createBuildBench } from './fixture.ts';

const why = isRoot ? '' : 'needs root';
let bench: BuildBench;
let context: string;

beforeAll(async () => {
  if (why !== '') return;
  bench = await createBuildBench();
  context = await bench.context({ 'tree/a': 'a', 'tree/d/b': 'b', text: 'text', 'not.gz': 'text' });
  const script = `
    chmod 700 tree/d; ln tree/a tree/linked; ln -s a tree/link; chown 12:13 tree/a
    setcap cap_net_raw+ep tree/d/b; touch -d @1234567890 tree/d
    tar --format=posix --xattrs --xattrs-include='*' --numeric-owner --sort=name -C tree -cf x.tar .
    gzip -k x.tar; zstd -q x.tar; xz -k x.tar; bzip2 -k x.tar; gzip -kc text >text.gz
    head -c 700 x.tar.gz >cut.tar.gz; cp x.tar.gz x.bin
    mkdir bad; tar -P --transform='s|^tree/a|../../escape|' -cf bad/climbs.tar tree/a
  `;
  execFileSync('sh', ['-ec', script], { cwd: context });
  truncateSync(join(context, 'cut.tar.gz'), 200);
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

function unpacked(at: string): string[] {
  return [
    `-0644 0:0 ${at}/d/b "b"`,
    `-0644 12:13 ${at}/a "a"`,
    `-0644 12:13 ${at}/linked = ${at}/a`,
    `d0700 0:0 ${at}/d`,
    `d0755 0:0 ${at}`,
    `l0777 0:0 ${at}/link -> a`,
  ];
}

describe.skipIf(why !== '')(`ADD of archives ${why}`, () => {
  it('unpacks tar, plain and compressed, whatever its name; COPY does not', async () => {
    const { digest } = await bench.build(
      `FROM base:test
ADD x.tar /plain
ADD x.tar.gz /gzip/
ADD x.tar.zst /zstd/
ADD x.tar.xz text /two/
ADD x.bin /opt/to-plain
COPY x.tar.gz /copied/
ADD not.gz text.gz /files/
ADD --chown=5:6 x.tar /owned/by/
`,
      { context },
    );
    const image = await bench.image(digest);
    for (const at of ['/plain', '/gzip', '/zstd']) {
      expect(await image.list(at)).toEqual(unpacked(at));
      expect(await image.inode(`${at}/d`)).toMatchObject({ mtime: { sec: 1_234_567_890 } });
      expect((await image.inode(`${at}/d/b`))?.xattrs.map(({ name }) => name)).toEqual([
        'security.capability',
      ]);
    }
    expect(await image.list('/opt/plain')).toEqual(
      [...unpacked('/opt/plain'), '-0644 0:0 /opt/plain/k "k"'].toSorted(),
    );
    expect(await image.list('/copied')).toEqual([
      '-0644 0:0 /copied/x.tar.gz',
      'd0755 0:0 /copied',
    ]);
    expect(await image.list('/files')).toEqual([
      '-0644 0:0 /files/not.gz "text"',
      expect.stringMatching(/^-0644 0:0 \/files\/text\.gz "/),
      'd0755 0:0 /files',
    ]);
    expect(await image.list('/two')).toEqual(
      [...unpacked('/two'), '-0644 0:0 /two/text "text"'].toSorted(),
    );
    expect(await image.list('/owned/by')).toEqual(unpacked('/owned/by'));
    expect(await image.inode('/owned')).toMatchObject({ uid: 5, gid: 6 });
  });

  it('does not take bzip2 for a file like any other, as it would not be unpacked', async () => {
    await expect(
      bench.build('FROM base:test\nADD x.tar.bz2 /x/', { context }),
    ).rejects.toMatchObject({
      code: 'dockerfile_unsupported',
      message: expect.stringMatching(/Dockerfile:2: .*x\.tar\.bz2.*bzip2/) as string,
    });
    const { digest } = await bench.build('FROM base:test\nCOPY x.tar.bz2 /x/', { context });
    expect(await (await bench.image(digest)).list('/x')).toHaveLength(2);
  });

  it('refuses an archive that is cut short or climbs out, with the line', async () => {
    await expect(
      bench.build('FROM base:test\nADD cut.tar.gz /x/', { context }),
    ).rejects.toMatchObject({ code: 'layer_invalid', data: { line: 2 } });
    await expect(
      bench.build('FROM base:test\nADD bad/climbs.tar /x/y/', { context }),
    ).rejects.toMatchObject({ code: 'layer_hostile', data: { line: 2 } });
  });
});
