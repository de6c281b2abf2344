import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportDisk, openImage } from '../../../src/index.ts';
import { e2fsckComplaints } from '../../layout/support/judges.ts';
import { mounted } from '../../support/mounted.ts';
import { listTree, listXattrs } from '../../support/tree-listing.ts';
import type { TreeSketch } from '../context/make-tree.ts';
import { type Buildah, openBuildah, whyNoBuildah } from './buildah.ts';
import { type BuildBench, createBuildBench, whyNoSteps } from './fixture.ts';

interface Case {
  readonly dockerfile: string;
  readonly context?: TreeSketch;
  /** A script that runs in the context first. */
  readonly prepare?: string;
  /** Paths that buildah 1.28 makes something else of, and why. */
  readonly differences?: Readonly<Record<string, string>>;
}

const vfs =
  'vfs keeps hard links of the base together; overlayfs, as of Docker, copies one name up';
const chroot = 'chroot isolation allows no devices';

const cases: Readonly<Record<string, Case>> = {
  'files and directories removed, made anew, moved': {
    dockerfile: `
RUN rm -r /opt/gone /data/a && mkdir -p /opt/gone/new && echo n > /opt/gone/new/n
RUN rm -r /opt/opaque && mkdir /opt/opaque && echo z > /opt/opaque/z
RUN mv /opt/moved /opt/renamed && touch -d @1500000000 /opt/plain/k && chmod 700 /opt/renamed/sub
RUN rm -r /opt/plain && ln -s /data/sub /opt/plain
RUN rm /opt/plain && mkdir /opt/plain && echo back > /opt/plain/k && touch -h -d @1500000001 /data/to-a
RUN chmod 600 /data/capable; chown 8:9 /data/large; rm /bin/yes; cp /bin/busybox /bin/yes; rm -r /home /usr /lib
`,
  },
  'links, devices, holes, odd names': {
    dockerfile: `
RUN mkfifo /fifo; mknod /null c 1 3; ln -s /nowhere /dangling; mkdir -m 1777 /sticky; touch /set && chmod 6755 /set
RUN dd if=/dev/zero of=/sparse bs=1 count=1 seek=50000000 2>/dev/null; head -c 200000 /dev/zero > /zeros; cp /data/capable /copied
RUN mv /data/hard/one /data/hard/three && ln /data/large /large2 && ln /sparse /sparse2
RUN echo changed >> /data/hard/two
RUN printf x > "/$(printf '\\377\\376')"; echo > '/ sp ace '; mkdir -p "/$(printf '%0250d' 1)/deep"
`,
    differences: {
      'data/hard/three': vfs,
      'data/hard/two': vfs,
      'data/large': vfs,
      large2: vfs,
      null: chroot,
    },
  },
  'destinations of COPY': {
    context: {
      'a.txt': 'a',
      'b.txt': 'b',
      'd/x': 'x',
      'd/y/z': 'z',
      'd/link': '->x',
      run: '#!/bin/sh\n',
    },
    prepare: 'chmod 600 a.txt; chmod 755 run; touch -d @1400000000 a.txt d d/y; chown 5:6 b.txt',
    dockerfile: `
COPY a.txt /one
COPY a.txt /dir/
COPY a.txt b.txt /two/
COPY d /into
COPY d /data/sub/
COPY d/ /lib
COPY a.txt /lib/
COPY a.txt /data/sub
COPY a.txt /opt/to-plain
COPY run /usr/local/bin/other
WORKDIR /work
COPY a.txt .
COPY d*/[xy] *.txt sub/
COPY . /all/
`,
  },
  'directories, files and links in the way of COPY': {
    context: { 'd/a/x': 'x', 'e/to-a': 'file', 'f/lib/x': 'x', g: 'g' },
    dockerfile: `
COPY d /data
COPY e /data
COPY f /
COPY g /opt/to-plain/k
RUN ln -s /data/b /to-b
COPY g /to-b
`,
    differences: {
      lib: 'puts a directory in the place of a link to one, which breaks a merged /usr',
      'lib/x': 'see lib',
      'usr/lib/x': 'see lib',
      'to-b': 'replaces a link at the destination; Docker follows it',
      'data/b': 'see to-b',
    },
  },
  'owners and modes of COPY': {
    context: { a: 'a', 'd/x': 'x', 'd/y/z': 'z' },
    prepare: 'chmod 700 . d',
    dockerfile: `
COPY --chown=node a /c1/
COPY --chown=node:audio a /c2
COPY --chown=7 a /c3
COPY --chown=7:8 d /c4
COPY --chown=:9 a /c5
COPY --chmod=600 a /m1
COPY --chmod=4711 a /m2
COPY --chmod=750 d /m3
ADD --chown=web --chmod=640 a /m4/x
COPY . /whole
`,
  },
  'COPY --from stages and images': {
    dockerfile: `AS one
RUN mkdir -p /out/sub && echo 1 > /out/f && ln /out/f /out/g && chown 1000:1001 /out/f && ln -s f /out/l && chmod 2755 /out/sub && touch -d @1300000000 /out/f
FROM one AS two
RUN echo 2 >> /out/f
FROM base:test AS broken
RUN exit 1
FROM base:test
COPY --from=one /out /from-one
COPY --from=two /out/f /from-two/
COPY --from=0 /data /data2
COPY --from=base:test /data/b /data/capable /img/
COPY --from=one --chown=33:33 /out /owned
COPY --from=one /out/l /via-link
`,
  },
  'ADD of archives': {
    context: { 't/a': 'a', 't/d/b': 'b', 'plain.gz': 'not a gz', text: 'x' },
    prepare: `chown 12:13 t/a; touch -d @1400000000 t/a t/d text; ln t/a t/hard
      tar -C t --numeric-owner -cf t.tar .; gzip -k t.tar; xz -k t.tar; gzip -c text >text.gz
      touch -d @1400000000 *.gz *.tar*`,
    dockerfile: `
ADD t.tar /plain
ADD t.tar.gz /gz/
ADD t.tar.xz /xz/
ADD t.tar /opt/to-plain
ADD plain.gz text /not/
COPY t.tar.gz text.gz /copied/
`,
  },
  'USER, WORKDIR, SHELL, ENV and ARG': {
    dockerfile: `
ARG A=arg
ENV E=env\${A}
WORKDIR /w1/w2
USER node
WORKDIR /w3/w4
RUN touch /tmp/f; id > /tmp/id; umask > /tmp/umask; pwd > /tmp/pwd; env | grep -v HOSTNAME | sort > /tmp/env
USER 5:6
RUN id -u > /tmp/id2; echo "$HOME" > /tmp/home2; ulimit -c > /dev/null
USER web
SHELL ["/bin/busybox", "ash", "-ec"]
RUN echo $0 > /tmp/zero; touch /tmp/web
`,
  },
  'a .dockerignore': {
    context: {
      '.dockerignore': 'secret\n**/*.log\n!keep.log\nDockerfile*\n',
      secret: 's',
      'a.log': 'l',
      'keep.log': 'k',
      'd/x.log': 'l',
      'd/y': 'y',
      'e/deep/z.log': 'z',
    },
    dockerfile: `
COPY . /all
COPY d e /d/
`,
  },
};

const why = [whyNoSteps, whyNoBuildah].filter((reason) => reason !== '').join(', ');
/** Later than this is `now`: what the builds made, and not what they kept. */
const startNs = BigInt(Date.now() - 2000) * 1_000_000n;
let bench: BuildBench;
let buildah: Buildah;

beforeAll(async () => {
  if (why !== '') return;
  bench = await createBuildBench();
  buildah = await openBuildah(bench.path, bench.baseArchive);
});
afterAll(async () => {
  await buildah?.[Symbol.asyncDispose]();
  await bench?.[Symbol.asyncDispose]();
});

interface Listing {
  readonly files: ReadonlyMap<string, string>;
  readonly xattrs: string;
}

describe.skipIf(why !== '')(`trees of builds against buildah ${why}`, () => {
  it.each(Object.entries(cases))('%s', async (_name, { dockerfile, differences = {}, ...rest }) => {
    const context = await bench.context(rest.context ?? {});
    if (rest.prepare !== undefined) execFileSync('sh', ['-ec', rest.prepare], { cwd: context });
    const text = `FROM base:test ${dockerfile}`;
    const ours = await listOurs(text, context);
    const theirs = await buildah.build(
      { dockerfile: text.replaceAll('base:test', 'localhost/base:test'), context },
      listDirectory,
    );
    const paths = [...new Set([...ours.files.keys(), ...theirs.files.keys()])].toSorted();
    const different = paths.filter((path) => ours.files.get(path) !== theirs.files.get(path));
    expect(different.map((path) => [path, ours.files.get(path), theirs.files.get(path)])).toEqual(
      Object.keys(differences)
        .toSorted()
        .map((path) => [path, ours.files.get(path), theirs.files.get(path)]),
    );
    expect(ours.xattrs).toBe(theirs.xattrs);
  });
});

async function listOurs(dockerfile: string, context: string): Promise<Listing> {
  const { digest } = await bench.build(dockerfile, { context });
  const disk = join(bench.path, 'disk.raw');
  await exportDisk(await openImage(bench.store, digest), disk);
  try {
    expect(await e2fsckComplaints(disk)).toBe('');
    return await mounted(disk, 'ro', listDirectory);
  } finally {
    await rm(disk);
  }
}

async function listDirectory(root: string): Promise<Listing> {
  const files = new Map<string, string>();
  for (const line of await listTree(root)) {
    const [path, rest] = withoutTime(line);
    if (!isTrace(path, rest)) files.set(path, rest);
  }
  return { files, xattrs: await listXattrs(root) };
}

/**
 * The time counts only for what a build kept as it was. That of a directory does not count at all: buildah sets it to now
 * when something is put into the directory, here it stays.
 */
function withoutTime(line: string): [path: string, rest: string] {
  const [, path = '', mode = '', owner = '', time = '', rest = ''] =
    /^("(?:[^"\\]|\\.)*") (\d+) (\d+ \d+) (\d+)(.*)$/s.exec(line) ?? [];
  const isDirectory = mode.startsWith('40');
  const when = isDirectory ? '' : BigInt(time) >= startNs ? 'now' : time;
  return [JSON.parse(path) as string, `${mode} ${owner} ${when}${rest}`];
}

/** buildah's scratch root has another mode, and chroot isolation leaves its mount points behind. */
function isTrace(path: string, rest: string): boolean {
  if (path === '' || path === 'run') return true;
  return /^etc\/(?:hosts|hostname|resolv\.conf)$/.test(path) && rest.includes(' 0 e3b0c44298fc1c');
}
