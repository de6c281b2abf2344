import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createImageStore, openImage, resolveImage } from '../../src/index.ts';
import { openObjectStore } from '../../src/store/open-object-store.ts';
import { packKey } from '../../src/store/store-paths.ts';
import { bootObstacle } from '../vm/support/root-disk.ts';
import { type CliBench, createCliBench, documentOf, jsonOf, whyNoSteps } from './cli-bench.ts';

const obstacles = [whyNoSteps, (await bootObstacle()) ?? ''];
const why = obstacles.filter((reason) => reason !== '').join(', ');
let bench: CliBench;
/** How long a machine takes here, all in all. */
let bootMs = 10_000;

beforeAll(async () => {
  if (why !== '') return;
  bench = await createCliBench();
  const dockerfile = `FROM base:test
ENV GREETING="hello world" EMPTY=
WORKDIR /home/node
USER node
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["echo \\"$GREETING [$EMPTY]\\" $(id -un) $(id -gn) $PWD; echo err >&2; exit 3"]
`;
  const { exitCode, stderr } = await bench.build(dockerfile, { args: ['-t', 'app'] });
  if (exitCode !== 0) throw new Error(stderr);
});
afterEach(() => bench.requireClean());
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

describe.skipIf(why !== '')(`ashlar boot ${why}`, () => {
  it("runs the image's command as its config says; output and exit code are the command's own", async () => {
    const startMs = performance.now();
    const { exitCode, stdout, stderr } = await bench.run(['boot', 'app']);
    bootMs = performance.now() - startMs;
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 3,
      stdout: 'hello world [] node node /home/node\n',
      stderr: 'err\n',
    });
  });

  it('runs another command in its place, and tells all in one document', async () => {
    const args = [
      '--output',
      'json',
      '--memory',
      '256M',
      '--',
      'sh',
      '-c',
      'cat /data/a; echo $GREETING >&2; kill -9 $$',
    ];
    const result = await bench.run(['boot', 'app', ...args]);
    expect([result.exitCode, result.stderr]).toEqual([137, '']);
    expect(jsonOf(result)).toMatchObject({
      exitCode: 137,
      stdout: 'a',
      stderr: 'hello world\n',
      accelerator: expect.stringMatching(/^(?:kvm|tcg)$/) as string,
      timings: { totalMs: expect.any(Number) as number },
    });
  });

  it('stops a command that writes more than a document can hold', async () => {
    const args = ['--output', 'json', '--memory', '256M', '--', 'cat', '/dev/zero'];
    const result = await bench.run(['boot', 'app', ...args]);
    expect([result.exitCode, result.stderr]).toEqual([2, '']);
    expect(documentOf(result).error).toMatchObject({
      code: 'invalid_request',
      hint: 'Run it without --output json.',
    });
  });

  it('says what is missing before it starts a machine', async () => {
    for (const [args, exitCode, code] of [
      [['base:test'], 1, 'boot_command_missing'],
      [['nothing:here'], 2, 'image_not_found'],
      [['app', '--memory', 'much'], 2, 'config_invalid'],
      [['app', '--cpus', '0'], 2, 'invalid_request'],
      [['app', '--timeout', '5'], 2, 'config_invalid'],
    ] as const) {
      const result = await bench.run(['boot', ...args, '--output', 'json']);
      expect([args, result.exitCode, documentOf(result).error.code]).toEqual([
        args,
        exitCode,
        code,
      ]);
    }
  });

  it('ends a command that takes too long', async () => {
    // Software emulation on a busy machine takes several times as long as on an idle one.
    const timeout = `${Math.ceil(bootMs / 500) + 3}s`;
    const script = 'echo begins; sleep 1000';
    const { exitCode, stdout, stderr } = await bench.run([
      'boot',
      'app',
      '--timeout',
      timeout,
      '--',
      'sh',
      '-c',
      script,
    ]);
    expect([exitCode, stdout]).toEqual([1, 'begins\n']);
    expect(stderr).toMatch(/^error: the boot did not end within \d+ ms/);
    expect(stderr).toMatch(/\n {2}code: boot_timeout; .*\n {2}next: .*--timeout/);
  });

  it('ends at ctrl-C', async () => {
    const running = bench.start(['boot', 'app', '--', 'sh', '-c', 'echo up >&2; sleep 1000']);
    await running.said(/up/);
    expect(await bench.leftovers()).not.toEqual([]);
    process.kill(-running.pid, 'SIGINT');
    const { exitCode, stderr } = await running.result;
    expect([exitCode, stderr]).toEqual([130, expect.stringContaining('code: interrupted')]);
  });

  it('boots what was built from scratch; --boot-check boots before it tags', async () => {
    const dockerfile = `FROM scratch
COPY --from=base:test /bin/busybox /busybox
ENTRYPOINT ["/busybox", "sh", "-c"]
CMD ["echo static; exit 0"]
`;
    const args = ['--boot-check', '-t', 'static', '--disk', '64M'];
    const built = await bench.build(dockerfile, { args });
    expect([built.exitCode, built.stdout]).toEqual([0, expect.stringContaining('static:latest')]);
    expect(built.stderr).toMatch(/^time: .*boot \d+\.\d+s/m);
    const failing = dockerfile.replace('exit 0', 'exit 9');
    const refused = await bench.build(failing, {
      args: ['--boot-check', '-t', 'refused', '--disk', '64M'],
    });
    expect([refused.exitCode, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(
      /exit code 9\n {2}last output:\n {4}static\n {2}code: boot_check_failed; /,
    );
    expect((await bench.run(['image', 'inspect', 'refused'])).exitCode).toBe(2);
  });

  it('names the image and the file when a chunk is damaged', async () => {
    const context = await bench.context({});
    await writeFile(join(context, 'large'), randomBytes(400_000));
    const built = await bench.build('FROM base:test\nCOPY large /srv/large\n', {
      context,
      args: ['-t', 'hurt'],
    });
    await damage('hurt', 'srv/large');
    const { exitCode, stderr } = await bench.run(['boot', 'hurt', '--', 'cat', '/srv/large']);
    expect([exitCode, stderr]).toEqual([7, expect.stringContaining('code: chunk_corrupt')]);
    expect(stderr).toContain('/srv/large');
    expect(stderr).toContain(built.stdout.split('\n')[0]);
  });
});

/** Flips a bit of the first chunk of a file in its pack. */
async function damage(name: string, path: string): Promise<void> {
  const storeUrl = bench.env['ASHLAR_STORE'] ?? '';
  const objects = await openObjectStore(storeUrl);
  using store = createImageStore(objects, null);
  const image = await openImage(store, await resolveImage(objects, name));
  const inode = await (await image.tree()).lookup(path);
  if (inode?.type !== 'file' || inode.content.kind !== 'chunked') throw new Error('no chunks');
  const location = (await image.locations()).get(inode.content.runs[0]?.digests[0] ?? image.digest);
  if (location === undefined) throw new Error('no location');
  await using pack = await open(join(fileURLToPath(storeUrl), packKey(location.pack)), 'r+');
  const byte = Buffer.alloc(1);
  await pack.read(byte, 0, 1, location.offset + 100);
  byte.writeUInt8(byte.readUInt8(0) ^ 4);
  await pack.write(byte, 0, 1, location.offset + 100);
}
