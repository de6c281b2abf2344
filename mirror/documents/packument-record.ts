import * as z from 'zod';

/** What is kept of a packument beside its bytes: where they are, and what upstream said of them. */
export interface PackumentRecord {
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly contentType: string;
  /** SHA-256 of the object with the bytes, hexadecimal. */
  readonly body: string;
  readonly gzipBytes: number;
  readonly plainBytes: number;
  /** When the bytes came, and when upstream last said that they are still right; milliseconds since 1970. */
  readonly fetchedAtMs: number;
  readonly checkedAtMs: number;
}

const schema = z.object({
  version: z.literal(1),
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  contentType: z.string(),
  body: z.string().regex(/^[0-9a-f]{64}$/),
  gzipBytes: z.number().int().nonnegative(),
  plainBytes: z.number().int().nonnegative(),
  fetchedAtMs: z.number(),
  checkedAtMs: z.number(),
});

export function encodePackumentRecord(record: PackumentRecord): object {
  return { version: 1, ...record };
}

/** Null for what is no record: it counts as not there, and is fetched again. */
export function decodePackumentRecord(value: unknown): PackumentRecord | null {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return null;
  const { version: _, ...record } = parsed.data;
  return record;
}
