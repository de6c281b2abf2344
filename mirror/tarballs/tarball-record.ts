import * as z from 'zod';

/** A tarball that was held against what its packument says. */
export interface TarballRecord {
  /** SHA-512 of the bytes, hexadecimal: where they are. */
  readonly sha512: string;
  readonly sizeBytes: number;
  /** What of the packument it was held against: `sha512-...` or another Subresource Integrity, or a SHA-1. */
  readonly heldAgainst: string;
  readonly fetchedAtMs: number;
}

const schema = z.object({
  version: z.literal(1),
  sha512: z.string().regex(/^[0-9a-f]{128}$/),
  sizeBytes: z.number().int().nonnegative(),
  heldAgainst: z.string(),
  fetchedAtMs: z.number(),
});

export function encodeTarballRecord(record: TarballRecord): object {
  return { version: 1, ...record };
}

/** Null for what is no record: it counts as not there, and is fetched again. */
export function decodeTarballRecord(value: unknown): TarballRecord | null {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return null;
  const { version: _, ...record } = parsed.data;
  return record;
}
