import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  AshlarError,
  createTempDir,
  runChecked,
  runCommand,
  type TempDir,
} from '../../../src/index.ts';
import type { BlockSource } from '../../../vm/block-source.ts';
import { findProgram } from '../../../vm/find-program.ts';
import { serveNbd, type NbdServer } from '../../../vm/index.ts';

const badOffset = 3 * 65536;
const content = randomBytes(8 * 1024 * 1024);
content.fill(0xab, 2 ** 20, 2 ** 21);
const source: BlockSource = {
  sizeBytes: content.length,
  async read(offset, lengthBytes) {
    if (offset <= badOffset && badOffset < offset + lengthBytes) {
      throw new AshlarError('chunk_corrupt', 'chunk 3 of the test disk is corrupt');
    }
    return content.subarray(offset, offset + lengthBytes);
  },
};

let dir: TempDir;
let server: NbdServer;

beforeAll(async () => {
  dir = await createTempDir(tmpdir(), 'ashlar-nbd');
  server = await serveNbd({ socketPath: join(dir.path, 'disk.sock'), source, exportName: 'disk' });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function uri(): string {
  return `nbd+unix:///disk?socket=${server.socketPath}`;
}

/** What the test's name says where the program is missing, and whether it is. */
async function skipped(program: string): Promise<[reason: string, isMissing: boolean]> {
  const isMissing = (await findProgram(program)) === undefined;
  return [isMissing ? ` (skipped: ${program} is not installed)` : '', isMissing];
}

const [noInfo, skipInfo] = await skipped('nbdinfo');
const [noCopy, skipCopy] = await skipped('nbdcopy');
const [noImg, skipImg] = await skipped('qemu-img');
const [noIo, skipIo] = await skipped('qemu-io');

it.skipIf(skipInfo)(`nbdinfo sees one read-only export${noInfo}`, async () => {
  const { stdout } = await runChecked('nbdinfo', ['--json', '--list', uri()]);
  const told = JSON.parse(stdout.toString('utf8')) as { exports: Record<string, unknown>[] };
  expect(told.exports).toHaveLength(1);
  expect(told.exports[0]).toMatchObject({
    'export-name': 'disk',
    'export-size': content.length,
    is_read_only: true,
    can_multi_conn: true,
    block_size_preferred: 65536,
    block_size_maximum: 32 * 1024 * 1024,
  });
});

it.skipIf(skipCopy)(`nbdcopy fails on the bad chunk and copies a good disk${noCopy}`, async () => {
  await using good = await serveNbd({
    socketPath: join(dir.path, 'good.sock'),
    source: { ...source, read: async (from, size) => content.subarray(from, from + size) },
  });
  const copy = join(dir.path, 'copy');
  await runChecked('nbdcopy', [`nbd+unix:///?socket=${good.socketPath}`, copy]);
  expect((await readFile(copy)).equals(content)).toBe(true);
  const failed = await runCommand('nbdcopy', [uri(), copy]);
  expect(failed.exitCode).not.toBe(0);
  expect(failed.stderr.toString('utf8')).toContain('Input/output error');
});

it.skipIf(skipImg)(`qemu-img reads size and format${noImg}`, async () => {
  const { stdout } = await runChecked('qemu-img', ['info', '--output=json', '-f', 'raw', uri()]);
  expect(JSON.parse(stdout.toString('utf8'))).toMatchObject({ 'virtual-size': content.length });
});

it.skipIf(skipIo)(`qemu-io reads what is there and cannot write${noIo}`, async () => {
  const read = await runCommand('qemu-io', ['-r', '-f', 'raw', '-c', 'read -P 0xab 1M 1M', uri()]);
  expect(read.stdout.toString('utf8')).toContain('read 1048576/1048576 bytes');
  expect(read.stdout.toString('utf8')).not.toContain('Pattern verification failed');
  const write = await runCommand('qemu-io', ['-f', 'raw', '-c', 'write 0 64k', uri()]);
  expect(`${write.stdout.toString()}${write.stderr.toString()}`).toMatch(
    /permission denied|read.?only/i,
  );
});
