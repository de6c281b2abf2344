import type { PackumentIndex } from '../../../../mirror/packument/packument-index.ts';
import {
  createPackumentScanner,
  type ScanOptions,
} from '../../../../mirror/packument/scan-packument.ts';
import type { ByteTransform } from '../../../../mirror/packument/splice.ts';

/** Cuts bytes into pieces of these sizes, over and over; without any, into one. */
export function cut(bytes: Buffer, sizes: readonly number[] = []): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, round = 0; at < bytes.length; round += 1) {
    const size = sizes[round % Math.max(1, sizes.length)] ?? bytes.length;
    pieces.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return pieces;
}

export function scan(
  bytes: Buffer | string,
  options: ScanOptions,
  sizes: readonly number[] = [],
): PackumentIndex {
  const scanner = createPackumentScanner(options);
  for (const piece of cut(Buffer.from(bytes), sizes)) {
    scanner.push(piece);
    // Pieces may be used again by who gave them.
    piece.fill('"');
  }
  return scanner.finish();
}

export async function transformed(
  bytes: Buffer | string,
  transform: ByteTransform,
  sizes: readonly number[] = [],
): Promise<string> {
  const given: Buffer[] = [];
  async function* source(): AsyncGenerator<Buffer> {
    yield* cut(Buffer.from(bytes), sizes);
  }
  for await (const piece of transform(source())) given.push(piece);
  return Buffer.concat(given).toString('utf8');
}
