import { expect } from 'vitest';
import { openImage } from '../../../src/image/open-image.ts';
import { createFileReader } from '../../../src/image/read-file.ts';
import { chunkBytes } from '../../../src/tree/inode.ts';
import { pattern } from '../../support/awkward-tree.ts';
import { failureOf } from '../../support/failures.ts';
import { files, type Fixture, inodeAt, type Open } from './image-to-hurt.ts';

async function readFile(open: Open, path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of createFileReader(open).read(await inodeAt(open, path))) parts.push(part);
  return Buffer.concat(parts);
}

export type Outcome = 'good' | { code: string; files: readonly string[]; message: string };

/** Reads all that can be read of the image in each way, and says how it went; wrong bytes fail the test. */
export async function readAll(fixture: Fixture): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      outcomes.set(name, 'good');
    } catch (error) {
      const failure = await failureOf(() => Promise.reject(error));
      const { code, message, data } = failure;
      outcomes.set(name, { code, message, files: (data['files'] as string[] | undefined) ?? [] });
    }
  };
  const { imageStore, image, other } = fixture;
  await attempt('/whole', async () => {
    const bytes = await readFile(await openImage(imageStore, other), 'whole');
    expect(bytes.equals(pattern(200_000, 99))).toBe(true);
  });
  let open: Open | undefined;
  await attempt('open', async () => {
    open = await openImage(imageStore, image);
  });
  if (open === undefined) return outcomes;
  const opened = open;
  for (const path of [
    'bin/small-one',
    'bin/small-link',
    'bin/small-two',
    'lib/large',
    'lib/medium',
    'share/d0/f0',
    'share/d39/f19',
  ]) {
    await attempt(`/${path}`, async () => {
      const entry = files[path];
      const expected = Buffer.isBuffer(entry) ? entry : files['bin/small-one'];
      const bytes = await readFile(opened, path);
      expect(bytes.equals(Buffer.isBuffer(expected) ? expected : Buffer.of())).toBe(true);
    });
  }
  await attempt('disk', async () => {
    for (const [page] of opened.root.pages)
      for (let chunk = 0; chunk < 1024; chunk += 1)
        if (page * 1024 + chunk < opened.root.diskBytes / chunkBytes)
          await opened.readChunk(page * 1024 + chunk);
  });
  return outcomes;
}

export const codeIn = (outcome: Outcome | undefined): string =>
  outcome === undefined ? 'not tried' : outcome === 'good' ? 'good' : outcome.code;
