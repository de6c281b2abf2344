import { chmod, mkdir, open, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBytes } from '../../../src/index.ts';
import { isRoot } from '../../support/scratch.ts';
import type { TreeSketch } from '../context/make-tree.ts';
import { type BuildBench, createBuildBench } from './fixture.ts';
import type { StoredImage } from './stored-image.ts';

const why = isRoot ? '' : 'needs root';
let bench: BuildBench;

beforeAll(async () => {
  if (why === '') bench = await createBuildBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

async function build(lines: string, context: TreeSketch | string): Promise<StoredImage> {
  const { digest } = await bench.build(`FROM base:test\n${lines}`, { context });
  return bench.image(digest);
}

describe.skipIf(why !== '')(`COPY and ADD ${why}`, () => {
  it('put files where the destination says', async () => {
    const image = await build(
      `
COPY a.txt /to/file
COPY a.txt /to/dir/
COPY a.txt b.txt /to/both/
COPY dir /to/contents
COPY dir /data/sub
COPY d*/o* [ab].txt /to/globs/
WORKDIR /to
COPY a.txt relative
COPY a.txt ./
ADD b.txt /to/added
`,
      { 'a.txt': 'a', 'b.txt': 'b', 'dir/one': '1', 'dir/sub/two': '2', 'dir/link': '->one' },
    );
    expect(await image.list('/to')).toEqual([
      '-0644 0:0 /to/a.txt "a"',
      '-0644 0:0 /to/added "b"',
      '-0644 0:0 /to/both/a.txt "a"',
      '-0644 0:0 /to/both/b.txt "b"',
      '-0644 0:0 /to/contents/one "1"',
      '-0644 0:0 /to/contents/sub/two "2"',
      '-0644 0:0 /to/dir/a.txt "a"',
      '-0644 0:0 /to/file "a"',
      '-0644 0:0 /to/globs/a.txt "a"',
      '-0644 0:0 /to/globs/b.txt "b"',
      '-0644 0:0 /to/globs/one "1"',
      '-0644 0:0 /to/relative "a"',
      'd0755 0:0 /to',
      'd0755 0:0 /to/both',
      'd0755 0:0 /to/contents',
      'd0755 0:0 /to/contents/sub',
      'd0755 0:0 /to/dir',
      'd0755 0:0 /to/globs',
      'l0777 0:0 /to/contents/link -> one',
    ]);
    expect(await image.list('/data/sub')).toEqual([
      '-0644 0:0 /data/sub/c "c"',
      '-0644 0:0 /data/sub/deep/d "d"',
      '-0644 0:0 /data/sub/one "1"',
      '-0644 0:0 /data/sub/sub/two "2"',
      'd0755 0:0 /data/sub',
      'd0755 0:0 /data/sub/deep',
      'd0755 0:0 /data/sub/sub',
      'l0777 0:0 /data/sub/link -> one',
    ]);
  });

  it('follow links of the image on the way and at the destination, and replace links inside', async () => {
    const image = await build(
      `
COPY lib /lib
COPY a.txt /lib/
COPY root /
COPY a.txt /opt/to-plain/k
COPY a.txt /data/to-a
COPY links /data/hard
`,
      {
        'a.txt': 'new',
        'lib/b.so': 'b',
        'root/lib/c.so': 'c',
        'root/opt/to-plain/l': 'l',
        'links/one': 'no link any more',
      },
    );
    expect(await image.list('/usr/lib')).toEqual([
      '-0644 0:0 /usr/lib/a.txt "new"',
      '-0644 0:0 /usr/lib/b.so "b"',
      '-0644 0:0 /usr/lib/base.so "library"',
      '-0644 0:0 /usr/lib/c.so "c"',
      'd0755 0:0 /usr/lib',
    ]);
    expect(await image.list('/lib')).toEqual(['l0777 0:0 /lib -> usr/lib']);
    expect(await image.list('/opt/plain')).toEqual([
      '-0644 0:0 /opt/plain/k "new"',
      '-0644 0:0 /opt/plain/l "l"',
      'd0755 0:0 /opt/plain',
    ]);
    expect(await image.list('/data/to-a')).toEqual(['l0777 0:0 /data/to-a -> a']);
    expect(await image.text('/data/a')).toBe('new');
    expect(await image.list('/data/hard')).toEqual([
      '-0644 0:0 /data/hard/one "no link any more"',
      '-0644 0:0 /data/hard/two "linked"',
      'd0755 0:0 /data/hard',
    ]);
  });

  it('a directory takes the place of a file, a file never that of a directory', async () => {
    const image = await build('COPY tree /data', { 'tree/a/x': 'x' });
    expect(await image.list('/data/a')).toEqual(['-0644 0:0 /data/a/x "x"', 'd0755 0:0 /data/a']);
    await expect(build('COPY tree /data', { 'tree/sub': 'x' })).rejects.toMatchObject({
      code: 'copy_destination_invalid',
      message: expect.stringContaining('Dockerfile:2: /data/sub is a directory') as string,
      data: { line: 2, excerpt: '2 | COPY tree /data' },
    });
    await expect(build('COPY a.txt /data/b/c', { 'a.txt': '' })).rejects.toMatchObject({
      code: 'copy_destination_invalid',
      data: { line: 2 },
    });
  });

  it('put nothing where no absolute path reaches', async () => {
    const deep = `/${'d/'.repeat(2046)}`;
    await expect(build(`COPY tree ${deep}`, { 'tree/a/b': 'x' })).rejects.toMatchObject({
      code: 'copy_destination_invalid',
      message: expect.stringMatching(
        /d\/\.\.\. would have 4\d+ bytes of path; a path can have 4095/,
      ) as string,
      data: { line: 2 },
    });
  });

  it('say which link leads in circles', async () => {
    const context = { a: '', 'links/loop': '->loop' };
    await bench.build('FROM base:test\nCOPY links /', { context, tags: ['looped:test'] });
    for (const lines of ['COPY a /loop/x', 'COPY a /loop/', 'WORKDIR /loop/below']) {
      const building = bench.build(`FROM looped:test\n${lines}`, { context });
      await expect(building).rejects.toMatchObject({
        code: 'copy_destination_invalid',
        message: expect.stringMatching(
          /Dockerfile:2: \/loop.* of the image leads through over 40 links/,
        ) as string,
        data: { line: 2 },
      });
    }
  });

  it('end at links that take long to follow, to where and from where ever they copy', async () => {
    const chain = Array.from({ length: 30 }, (_, number) => [
      `links/s${number}`,
      `->${'./'.repeat(1900)}s${number + 1}`,
    ]);
    const context = { a: '', 'links/s30/f': '', ...Object.fromEntries(chain) };
    await bench.build('FROM base:test\nCOPY links /', { context, tags: ['slow:test'] });
    const says = 'leads through over 4096 directories and links';
    for (const [lines, code, message] of [
      ['COPY a /s0/x', 'copy_destination_invalid', `/s0 of the image ${says}`],
      ['WORKDIR /s0/x', 'copy_destination_invalid', `/s0/x of the image ${says}`],
      ['COPY links/s0/f /x', 'copy_source_missing', `links/s0/f in the build context ${says}`],
      [
        'COPY --from=slow:test s0/f /x',
        'copy_source_missing',
        `s0/f in the image slow:test ${says}`,
      ],
      ['ADD links/s0/f* /x', 'copy_source_missing', `links/s0 in the build context ${says}`],
    ] as const) {
      await expect(bench.build(`FROM slow:test\n${lines}`, { context })).rejects.toMatchObject({
        code,
        message: expect.stringContaining(`Dockerfile:2: ${message}`) as string,
        data: { line: 2 },
      });
    }
  });

  it('give owners and modes, whatever the context has', async () => {
    const context = await bench.context({ a: 'a', 'd/x': 'x', 'd/e/y': 'y' });
    await chmod(context, 0o700);
    await chmod(join(context, 'a'), 0o600);
    await chmod(join(context, 'd'), 0o2711);
    await chmod(join(context, 'd/e'), 0o1777);
    const image = await build(
      `
COPY . /whole/
COPY --chown=node a /n/1
COPY --chown=node:audio a /n/2
COPY --chown=7 a /n/3
COPY --chown=7:8 --chmod=2640 a /n/4
COPY --chmod=u=rwX,go=rX d /n/5
ADD --chown=web --chmod=0444 d/x /n/6
`,
      context,
    );
    expect(await image.list('/whole')).toEqual([
      '-0600 0:0 /whole/a "a"',
      '-0644 0:0 /whole/d/e/y "y"',
      '-0644 0:0 /whole/d/x "x"',
      'd0755 0:0 /whole',
      'd1777 0:0 /whole/d/e',
      'd2711 0:0 /whole/d',
    ]);
    expect(await image.list('/n')).toEqual([
      '-0444 33:33 /n/6 "x"',
      '-0600 1000:1001 /n/1 "a"',
      '-0600 1000:29 /n/2 "a"',
      '-0600 7:7 /n/3 "a"',
      '-0644 0:0 /n/5/e/y "y"',
      '-0644 0:0 /n/5/x "x"',
      '-2640 7:8 /n/4 "a"',
      'd0755 0:0 /n/5',
      'd0755 1000:1001 /n',
      'd1755 0:0 /n/5/e',
    ]);
    await expect(build('COPY --chown=nobody a /x', context)).rejects.toMatchObject({
      code: 'user_unknown',
      message: expect.stringContaining('Dockerfile:2: COPY --chown=nobody') as string,
    });
  });

  it('take files from here-documents', async () => {
    const image = await build(
      `
ENV NAME=value
COPY <<one <<-"two" /docs/
expanded $NAME
one
	kept $NAME
two
COPY --chmod=755 --chown=5:6 <<EOF /docs/run
#!/bin/sh
EOF
`,
      {},
    );
    expect(await image.list('/docs')).toEqual([
      '-0644 0:0 /docs/one "expanded value\\n"',
      '-0644 0:0 /docs/two "kept $NAME\\n"',
      '-0755 5:6 /docs/run "#!/bin/sh\\n"',
      'd0755 0:0 /docs',
    ]);
  });

  it('leave out what .dockerignore names', async () => {
    const image = await build('COPY . /all', {
      '.dockerignore': '# comment\n*.log\n**/secret\n!keep.log\n',
      'a.log': '',
      'keep.log': '',
      'd/b.log': '',
      'd/secret': '',
      secret: '',
    });
    expect(await image.list('/all')).toEqual([
      '-0644 0:0 /all/.dockerignore "# comment\\n*.log\\n**/secret\\n!keep.log\\n"',
      '-0644 0:0 /all/d/b.log ""',
      '-0644 0:0 /all/keep.log ""',
      'd0755 0:0 /all',
      'd0755 0:0 /all/d',
    ]);
    await expect(build('COPY secret /', { '.dockerignore': 'sec*', secret: '' })).rejects.toThrow(
      /Dockerfile:2: "secret" is not in the build context.*\.dockerignore/,
    );
  });

  it('keep times, long and odd names, and holes', async () => {
    const context = await bench.context({});
    const names = ['n'.repeat(255), 'new\nline', 'ünïcode', '-dash', 'back\\slash'];
    await mkdir(join(context, 'odd'));
    for (const name of names) await writeFile(join(context, 'odd', name), '');
    const raw = toBytes('raw-\u00ff\u00fe');
    await writeFile(Buffer.concat([Buffer.from(`${context}/odd/`), raw]), 'raw');
    await symlink('t'.repeat(3000), join(context, 'odd/long-link'));
    await utimes(join(context, 'odd/-dash'), 1, 1_234_567_890.5);
    await writeFile(join(context, 'sparse'), 'begin');
    await using file = await open(join(context, 'sparse'), 'r+');
    await file.write('end', 40_000_000);
    const image = await build('COPY . /all/', context);
    expect(await image.list('/all/odd')).toEqual([
      '-0644 0:0 /all/odd/-dash ""',
      '-0644 0:0 /all/odd/back\\\\slash ""',
      '-0644 0:0 /all/odd/new\\x0aline ""',
      `-0644 0:0 /all/odd/${'n'.repeat(255)} ""`,
      '-0644 0:0 /all/odd/raw-\\xff\\xfe "raw"',
      '-0644 0:0 /all/odd/ünïcode ""',
      'd0755 0:0 /all/odd',
      `l0777 0:0 /all/odd/long-link -> ${'t'.repeat(3000)}`,
    ]);
    expect((await image.inode('/all/odd/-dash'))?.mtime).toEqual({
      sec: 1_234_567_890,
      nsec: 500_000_000,
    });
    const sparse = await image.inode('/all/sparse');
    const runs = [
      { start: 0, digests: [expect.any(String)] },
      { start: 610, digests: [expect.any(String)] },
    ];
    expect(sparse).toMatchObject({ sizeBytes: 40_000_003, content: { kind: 'chunked', runs } });
  });
});
