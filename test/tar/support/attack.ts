import { expect } from 'vitest';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import type { TarLimits } from '../../../src/tar/tar-limits.ts';
import { type HandMadeHeader, header, member, octal12, padded, pax } from './hand-made.ts';
import { readArchive, type ReadOptions } from './read-archive.ts';

export interface Attack {
  readonly name: string;
  readonly bytes: Buffer;
  /** A part of the message. */
  readonly says: string;
  readonly limits?: Partial<TarLimits>;
}

/** How the attack is refused under several cuts of the source. */
export function refusalsOf({ bytes, limits = {} }: Attack): Promise<AshlarError[]> {
  const cuts = [[bytes.length], [512], [7]];
  return Promise.all(cuts.map((cut) => failureOf(bytes, { limits, cut })));
}

/** What `refusalsOf` must give: the code, and a message that names archive, entry and place. */
export function refusals(code: 'layer_hostile' | 'layer_invalid', { says }: Attack): unknown[] {
  const message = expect.toSatisfy(
    (text: string) =>
      /^test\.tar: (?:header|entry \S+) at byte \d+: /.test(text) && text.includes(says),
    `a message that says: ${says}`,
  ) as unknown;
  const data = expect.objectContaining({ label: 'test.tar' }) as unknown;
  const refusal = expect.objectContaining({ code, message, data }) as unknown;
  return [refusal, refusal, refusal];
}

export async function failureOf(bytes: Buffer, options: ReadOptions = {}): Promise<AshlarError> {
  try {
    await readArchive(bytes, options);
  } catch (error) {
    if (error instanceof AshlarError) return error;
    throw error;
  }
  throw new Error('the archive was read without complaint');
}

export function withPax(
  records: readonly (readonly [string, string])[],
  fields: HandMadeHeader = {},
): Buffer {
  return Buffer.concat([pax(records), header(fields)]);
}

export function rawPax(records: string): Buffer {
  return Buffer.concat([member({ typeflag: 'x' }, records), header()]);
}

/** A sparse file of PAX 1.0 without data, with `map` before where it would be. */
export function sparse1(records: readonly (readonly [string, string])[], map: string): Buffer {
  const standard = [
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.realsize', '1000'],
  ] as const;
  return Buffer.concat([pax([...standard, ...records]), member({}, padded(map))]);
}

/** A sparse file in the old GNU format: 1024 bytes of data, or as many as one run has. */
export function gnuSparse(map: readonly number[], realSize: number, isExtended = '\0'): Buffer {
  const size = map.length === 2 ? (map[1] ?? 0) : (map.length / 2) * 512;
  const over = { 386: map.map(octal12).join(''), 482: isExtended, 483: octal12(realSize) };
  return Buffer.concat([header({ typeflag: 'S', magic: 'gnu', size, over }), Buffer.alloc(size)]);
}
