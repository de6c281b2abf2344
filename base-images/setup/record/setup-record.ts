import { type BytePath, toDisplay } from '../../../src/index.ts';
import * as z from 'zod';
import { setupSteps } from '../setup-plan.ts';

/**
 * What setups have changed in an image, and what was there before: enough to put it back. It lies in the image itself, so that it is there
 * for whoever has the image, after later steps, and in another store. What reads it has to count on anything: steps may write there too.
 */
export interface SetupRecord {
  readonly format: 1;
  /** In the order in which the changes were made. */
  readonly entries: readonly RecordEntry[];
}

export type RecordEntry = z.infer<typeof entrySchema>;
export type Before = z.infer<typeof beforeSchema>;
export type ContentBefore = z.infer<typeof contentSchema>;

export const recordPath: BytePath = 'usr/lib/ashlar/setup.json';

/** For root alone: what was in /etc/shadow may be in it. */
export const recordOwner = { mode: 0o600, uid: 0, gid: 0 } as const;

/** A few dozen KiB; more only where large files were in the places of what a setup brings. */
export const maxRecordBytes = 32 * 1024 * 1024;

/** The subject of an authority may be of any length. */
export const maxWhyCharacters = 1000;

const owned = { mode: z.int().min(0).max(0o7777), uid: z.int().min(0), gid: z.int().min(0) };

/** As `isFileName` has it for every part, so that nothing leads out of the tree. */
const pathSchema = z
  .string()
  .max(4096)
  .refine((path) =>
    path
      .split('/')
      .every((name) => name !== '' && name !== '.' && name !== '..' && !name.includes('\0')),
  );

const stateSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('nothing') }),
  z.object({ type: z.literal('directory'), ...owned }),
  z.object({ type: z.literal('symlink'), target: z.string(), ...owned }),
  z.object({ type: z.literal('file'), sizeBytes: z.int().min(0), content: z.string(), ...owned }),
  z.object({ type: z.literal('other'), ...owned }),
]);

const factsSchema = {
  ...owned,
  mtime: z.object({ sec: z.int(), nsec: z.int().min(0).max(999_999_999) }),
  xattrs: z.array(z.tuple([z.string(), z.base64()])),
};

/**
 * The bytes that are kept of the content after the change at both ends, with `removed` between them; or the content of a file that was moved,
 * and now lies elsewhere.
 */
const contentSchema = z.union([
  z.object({ keepsStart: z.int().min(0), keepsEnd: z.int().min(0), removed: z.base64() }),
  z.object({ movedTo: pathSchema }),
]);

const beforeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('nothing') }),
  z.object({ type: z.literal('directory'), ...factsSchema }),
  z.object({ type: z.literal('symlink'), target: z.string(), ...factsSchema }),
  z.object({
    type: z.literal('file'),
    content: contentSchema,
    /** Another name of the same inode. */
    linkedWith: pathSchema.nullable(),
    ...factsSchema,
  }),
]);

const entrySchema = z.object({
  path: pathSchema,
  step: z.enum(setupSteps),
  why: z.string().max(maxWhyCharacters),
  after: stateSchema,
  before: beforeSchema,
});

const recordSchema = z.object({ format: z.literal(1), entries: z.array(entrySchema).max(10_000) });

export function encodeRecord(record: SetupRecord): Buffer {
  return Buffer.from(`${JSON.stringify(record, null, 1)}\n`, 'utf8');
}

/** Null for what is no record. */
export function decodeRecord(bytes: Buffer): SetupRecord | null {
  try {
    return recordSchema.safeParse(JSON.parse(bytes.toString('utf8'))).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** For provenance: what was changed and what for, without what was there. */
export function listOfChanges(
  entries: readonly RecordEntry[],
): { path: string; step: string; why: string; change: string }[] {
  return entries.map(({ path, step, why, after, before }) => ({
    path: `/${toDisplay(path)}`,
    step,
    why,
    change: after.type === 'nothing' ? 'removed' : before.type === 'nothing' ? 'added' : 'changed',
  }));
}
