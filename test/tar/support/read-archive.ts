import { createTarReader } from '../../../src/tar/tar-reader.ts';
import type { TarEntry } from '../../../src/tar/tar-entry.ts';
import { defaultTarLimits, type TarLimits } from '../../../src/tar/tar-limits.ts';

export interface ReadMember {
  readonly entry: TarEntry;
  /** Segments that touch are one: the same whatever the cut of the source. */
  readonly runs: readonly { readonly offset: number; readonly bytes: Buffer }[];
}

export interface ReadOptions {
  readonly limits?: Partial<TarLimits>;
  /** Bytes of the buffers that the archive is cut into, repeated over and over. Default: one buffer. */
  readonly cut?: readonly number[];
}

/** Reads a whole archive, bodies included. */
export async function readArchive(
  archive: Buffer | AsyncIterable<Uint8Array>,
  options: ReadOptions = {},
): Promise<ReadMember[]> {
  const source = Buffer.isBuffer(archive) ? cutInto(archive, options.cut ?? []) : archive;
  const limits = { ...defaultTarLimits, ...options.limits };
  await using reader = createTarReader(source, { limits, label: 'test.tar' });
  const members: ReadMember[] = [];
  for (let entry = await reader.next(); entry !== null; entry = await reader.next()) {
    const runs: { offset: number; bytes: Buffer }[] = [];
    for await (const { offset, bytes } of reader.body()) {
      const last = runs.at(-1);
      if (last !== undefined && last.offset + last.bytes.length === offset) {
        last.bytes = Buffer.concat([last.bytes, bytes]);
      } else runs.push({ offset, bytes });
    }
    members.push({ entry, runs });
  }
  return members;
}

export async function readEntries(archive: Buffer, options: ReadOptions = {}): Promise<TarEntry[]> {
  const members = await readArchive(archive, options);
  return members.map(({ entry }) => entry);
}

/** The content with zeros for holes. */
export function contentOf({ entry, runs }: ReadMember): Buffer {
  const content = Buffer.alloc(entry.sizeBytes);
  for (const { offset, bytes } of runs) bytes.copy(content, offset);
  return content;
}

export async function* cutInto(
  archive: Buffer,
  cut: readonly number[],
): AsyncGenerator<Buffer, void> {
  let at = 0;
  for (let turn = 0; at < archive.length; turn++) {
    const size = cut[turn % cut.length] ?? archive.length;
    yield archive.subarray(at, at + size);
    at += size;
  }
}
