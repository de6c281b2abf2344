import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseTimeSec, type BuildBench, createBuildBench, whyNoSteps } from './fixture.ts';
import type { StoredImage } from './stored-image.ts';

let bench: BuildBench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createBuildBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

/** The image after these RUNs on the base. */
async function after(...commands: string[]): Promise<StoredImage> {
  const runs = commands.map((command) => `RUN ${command}\n`).join('');
  const { digest } = await bench.build(`FROM base:test\n${runs}`);
  return bench.image(digest);
}

const plain = ['-0644 0:0 /opt/plain/k "k"', 'd0755 0:0 /opt/plain'];

describe.skipIf(whyNoSteps !== '')(`what a RUN changes ${whyNoSteps}`, () => {
  it('removed files and directories are gone, and those made anew hold only what is new', async () => {
    const image = await after(
      'rm -r /opt/gone/sub /opt/gone/e /data/a /data/to-a && rmdir /opt/gone',
      'mkdir -p /opt/gone/sub && echo new >/opt/gone/sub/n && echo back >/data/a',
    );
    expect(await image.list('/opt/gone')).toEqual([
      '-0644 0:0 /opt/gone/sub/n "new\\n"',
      'd0755 0:0 /opt/gone',
      'd0755 0:0 /opt/gone/sub',
    ]);
    expect(await image.list('/data/a')).toEqual(['-0644 0:0 /data/a "back\\n"']);
    expect((await image.inode('/data/a'))?.xattrs).toEqual([]);
    expect(await image.inode('/data/to-a')).toBeNull();
  });

  it('a directory that is removed and made in one RUN is empty', async () => {
    const image = await after(
      'rm -r /opt/opaque && mkdir -m 700 /opt/opaque && echo z >/opt/opaque/z && chown 5:6 /opt/opaque',
      'mkdir -p /opt/opaque/sub && echo late >/opt/opaque/sub/late',
    );
    expect(await image.list('/opt/opaque')).toEqual([
      '-0644 0:0 /opt/opaque/sub/late "late\\n"',
      '-0644 0:0 /opt/opaque/z "z\\n"',
      'd0700 5:6 /opt/opaque',
      'd0755 0:0 /opt/opaque/sub',
    ]);
  });

  it('a renamed directory is where it went to, with its times', async () => {
    const image = await after('mv /opt/moved /opt/sub-dir; mv /opt/sub-dir/sub /opt/moved');
    expect(await image.list('/opt/sub-dir')).toEqual([
      '-0644 0:0 /opt/sub-dir/i "i"',
      'd0755 0:0 /opt/sub-dir',
    ]);
    expect(await image.list('/opt/moved')).toEqual([
      '-0644 0:0 /opt/moved/j "j"',
      'd0755 0:0 /opt/moved',
    ]);
    expect((await image.inode('/opt/moved/j'))?.mtime).toEqual({ sec: baseTimeSec, nsec: 0 });
  });

  it('a time, a mode or an owner alone is a change, of files, links and directories', async () => {
    const image = await after(
      'touch -d @1500000001 /data/a && touch -h -d @1500000002 /data/to-a && touch -d @1500000003 /data/sub',
      'chmod 600 /data/large && chmod 2711 /data/sub/deep && chown 3:4 /data/sub/c && chown -h 5:6 /lib',
    );
    for (const [path, sec] of [
      ['/data/a', 1_500_000_001],
      ['/data/to-a', 1_500_000_002],
      ['/data/sub', 1_500_000_003],
      ['/data/sub/deep', baseTimeSec],
      ['/data/large', baseTimeSec],
    ] as const)
      expect(await image.inode(path)).toMatchObject({ mtime: { sec, nsec: 0 } });
    expect(await image.inode('/data/large')).toMatchObject({ mode: 0o600, sizeBytes: 300_000 });
    expect(await image.inode('/data/sub/deep')).toMatchObject({ mode: 0o2711 });
    expect(await image.inode('/data/sub/c')).toMatchObject({ uid: 3, gid: 4 });
    expect(await image.inode('/lib')).toMatchObject({ uid: 5, gid: 6, target: 'usr/lib' });
    expect((await image.inode('/data/a'))?.xattrs).toHaveLength(1);
  });

  it('a directory becomes a link and a link a directory, in one RUN or in several', async () => {
    const there = await after('rm -r /opt/plain && ln -s /data/sub /opt/plain');
    expect(await there.list('/opt/plain')).toEqual(['l0777 0:0 /opt/plain -> /data/sub']);
    expect(await there.text('/opt/plain/c')).toBe('c');
    const back = await after(
      'rm -r /opt/plain && ln -s /data/sub /opt/plain',
      'rm /opt/plain && mkdir /opt/plain && echo -n k >/opt/plain/k',
    );
    expect(await back.list('/opt/plain')).toEqual(plain);
    const atOnce = await after(
      'mv /opt/plain /p && ln -s /p /opt/plain && rm /opt/plain && mv /p /opt/plain',
    );
    expect(await atOnce.list('/opt/plain')).toEqual(plain);
    const file = await after('rm -r /opt/plain && echo -n file >/opt/plain', 'rm /opt/to-plain');
    expect(await file.list('/opt/plain')).toEqual(['-0644 0:0 /opt/plain "file"']);
    expect(await file.inode('/opt/to-plain')).toBeNull();
  });

  it('names of one file stay one file, but for a name of the base that is written to', async () => {
    const image = await after(
      'ln /data/large /data/large-too && mv /data/hard/one /data/hard/three',
      'rm /data/hard/two && ln /data/large /opt/large-three && echo -n >>/data/b && ln /data/b /data/b-too',
    );
    expect(await image.list('/data/hard')).toEqual([
      '-0644 0:0 /data/hard/three "linked"',
      'd0755 0:0 /data/hard',
    ]);
    expect(await image.list('/data/b-too')).toEqual(['-4750 1000:1001 /data/b-too = /data/b']);
    // overlayfs copies a name up alone when it is written to or linked: the other names stay what they were.
    const apart = await after('echo changed >>/data/hard/one');
    expect(await apart.list('/data/hard')).toEqual([
      '-0644 0:0 /data/hard/one "linkedchanged\\n"',
      '-0644 0:0 /data/hard/two "linked"',
      'd0755 0:0 /data/hard',
    ]);
  });

  it('odd names, devices, pipes and attributes come through, and go again', async () => {
    const make = [
      'cd /data && mkfifo -m 600 pipe && mknod null c 1 3 && mknod loop b 7 9',
      'ln -s "$(printf "%0300d" 0)" long && touch "$(printf "\\\\377\\\\n\\\\\\\\")" .wh.a .wh..wh..opq',
    ].join(' && ');
    const image = await after(make);
    const lines = (await image.list('/data')).filter((line) =>
      /pipe|null|loop|long|wh|ff/.test(line),
    );
    expect(lines).toEqual([
      '-0644 0:0 /data/.wh..wh..opq ""',
      '-0644 0:0 /data/.wh.a ""',
      '-0644 0:0 /data/\\xff\\x0a\\\\ ""',
      'b0644 0:0 /data/loop',
      'c0644 0:0 /data/null',
      `l0777 0:0 /data/long -> ${'0'.repeat(300)}`,
      'p0600 0:0 /data/pipe',
    ]);
    expect(await image.inode('/data/loop')).toMatchObject({ major: 7, minor: 9 });
    const gone = await after(
      make,
      'cd /data && rm pipe null loop long .wh.a .wh..wh..opq ./*ff* ./$(printf "\\\\377")* || true',
    );
    expect(
      (await gone.list('/data')).filter((line) => /pipe|null|loop|long|wh/.test(line)),
    ).toEqual([]);
  });

  it('a RUN that changes nothing gives the same files', async () => {
    const image = await after(
      'cat /data/* >/dev/null; touch /tmp/x; rm /tmp/x; touch -d @1600000000 /tmp',
    );
    expect(image.tree).toBe((await bench.image('base:test')).tree);
  });

  it('a RUN that removes everything leaves what it cannot remove', async () => {
    const image = await after('rm -rf /data /opt /home /usr /lib /etc || true');
    expect((await image.list()).filter((line) => !/ \/bin/.test(line))).toEqual([
      'd0755 0:0 /',
      'd0755 0:0 /dev',
      'd0755 0:0 /etc',
      'd0755 0:0 /proc',
      'd0755 0:0 /root',
      'd0755 0:0 /sys',
      'd1777 0:0 /tmp',
    ]);
  });
});
