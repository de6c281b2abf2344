import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuildBench, baseTimeSec, createBuildBench, whyNoSteps } from './fixture.ts';

let bench: BuildBench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createBuildBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

describe.skipIf(whyNoSteps !== '')(`COPY --from ${whyNoSteps}`, () => {
  it('takes files from a stage by name and number, from an image, with all that they are', async () => {
    const { digest } = await bench.build(`
FROM base:test AS First
RUN mkdir -p /out/sub /out/gid && chmod 2755 /out/gid && chmod 1777 /out/sub \\
 && echo 1 >/out/one && ln /out/one /out/two && ln /out/one /out/sub/three && ln -s one /out/link \\
 && chown 1000:1001 /out/one && chmod 4751 /out/one && touch -d @1234567890 /out/one \\
 && cp /data/capable /out/not-capable && mkfifo /out/pipe \\
 && dd if=/dev/zero of=/out/holes bs=1 count=1 seek=30000000 2>/dev/null && echo end >>/out/holes \\
 && touch "$(printf '/out/\\377\\376')"
FROM base:test
COPY --from=first /out /named
COPY --from=0 /out/sub/three /out/link /numbered/
COPY --from=base:test --chown=web:29 --chmod=o= /data/capable /data/b /imaged/
COPY --from=base:test /data/to-a /followed
COPY --from=base:test /data/capable /data/a /attributes/
`);
    const image = await bench.image(digest);
    expect(await image.list('/named')).toEqual([
      '-0644 0:0 /named/\\xff\\xfe ""',
      '-0644 0:0 /named/holes',
      '-0644 0:0 /named/not-capable "capable"',
      '-4751 1000:1001 /named/one "1\\n"',
      '-4751 1000:1001 /named/sub/three = /named/one',
      '-4751 1000:1001 /named/two = /named/one',
      'd0755 0:0 /named',
      'd1777 0:0 /named/sub',
      'd2755 0:0 /named/gid',
      'l0777 0:0 /named/link -> one',
      'p0644 0:0 /named/pipe',
    ]);
    expect(await image.inode('/named/one')).toMatchObject({ mtime: { sec: 1_234_567_890 } });
    expect(await image.list('/numbered')).toEqual([
      '-4751 1000:1001 /numbered/link "1\\n"',
      '-4751 1000:1001 /numbered/three "1\\n"',
      'd0755 0:0 /numbered',
    ]);
    expect(await image.list('/imaged')).toEqual([
      '-0640 33:29 /imaged/capable "capable"',
      '-4750 33:29 /imaged/b "b"',
      'd0755 33:29 /imaged',
    ]);
    expect(await image.list('/followed')).toEqual(['-0644 0:0 /followed "a"']);
    const holes = await image.inode('/named/holes');
    const runs = [{ start: 457, digests: [expect.any(String)] }];
    expect(holes).toMatchObject({ sizeBytes: 30_000_005, content: { kind: 'chunked', runs } });
    const mtime = { sec: baseTimeSec, nsec: 0 };
    const [capability] =
      (await (await bench.image('base:test')).inode('/data/capable'))?.xattrs ?? [];
    expect(capability).toMatchObject({ name: 'security.capability' });
    expect(await image.inode('/attributes/capable')).toMatchObject({ mtime, xattrs: [capability] });
    const note = [{ name: 'user.note', value: Buffer.from('kept') }];
    expect(await image.inode('/attributes/a')).toMatchObject({ mtime, xattrs: note });
  });

  it('says what a stage or an image does not have, and which stages there are', async () => {
    await expect(
      bench.build('FROM base:test AS one\nFROM base:test\nCOPY --from=one /data/c /x'),
    ).rejects.toMatchObject({
      code: 'copy_source_missing',
      message: expect.stringMatching(
        /Dockerfile:3: "\/data\/c".* is not in the stage one/,
      ) as string,
    });
    await expect(
      bench.build('FROM base:test AS one\nFROM base:test\nCOPY --from=2 /data /x'),
    ).rejects.toMatchObject({ code: 'dockerfile_parse_error', data: { line: 3 } });
  });

  it('names keep their capabilities when a RUN changes them', async () => {
    const { digest } = await bench.build(`FROM base:test
RUN chmod 711 /data/capable && mv /data/a /data/moved
RUN touch -d @1000000000 /data/capable
`);
    const image = await bench.image(digest);
    expect(await image.list('/data/capable')).toEqual(['-0711 0:0 /data/capable "capable"']);
    expect(await image.inode('/data/capable')).toMatchObject({
      mtime: { sec: 1_000_000_000 },
      xattrs: [{ name: 'security.capability' }],
    });
    expect((await image.inode('/data/moved'))?.xattrs.map(({ name }) => name)).toEqual([
      'user.note',
    ]);
  });
});
