import { type BytePath, isFileName, toDisplay } from '../../../src/index.ts';
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
  /** What counts for later setups where they ask for nothing else; of an image for which nothing was asked, nothing. */
  readonly asked?: Asked | undefined;
}

export type Asked = z.infer<typeof askedSchema>;

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

const id = z.int().min(0).max(0xffff_ffff);
const owned = { mode: z.int().min(0).max(0o7777), uid: id, gid: id };

/** Nothing leads out of the tree, and every name is one that ext4 takes. */
const pathSchema = z
  .string()
  .max(4096)
  .refine((path) => path.split('/').every((name) => name.length <= 255 && isFileName(name)));

const bytesSchema = z.string().refine((text) => !/\0|[^\0-\xff]/.test(text));
const targetSchema = bytesSchema.min(1).max(4095);

/** What ext4 holds of extended attributes beside one inode. */
const maxXattrBytes = 4064;
const xattrsSchema = z
  .array(z.tuple([bytesSchema.regex(/^(?:user|trusted|security|system)\.[^]{1,255}$/), z.base64()]))
  .refine((xattrs) => bytesOf(xattrs) <= maxXattrBytes);

const stateSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('nothing') }),
  z.object({ type: z.literal('directory'), ...owned }),
  z.object({ type: z.literal('symlink'), target: targetSchema, ...owned }),
  z.object({ type: z.literal('file'), sizeBytes: z.int().min(0), content: z.string(), ...owned }),
  z.object({ type: z.literal('other'), ...owned }),
]);

const factsSchema = {
  ...owned,
  mtime: z.object({ sec: z.int(), nsec: z.int().min(0).max(999_999_999) }),
  xattrs: xattrsSchema,
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
  z.object({ type: z.literal('symlink'), target: targetSchema, ...factsSchema }),
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

const askedSchema = z.object({
  /** Who works in the machine. */
  user: bytesSchema.min(1).max(256).optional(),
  init: z.literal('leave').optional(),
});

const recordSchema = z.object({
  format: z.literal(1),
  asked: askedSchema.optional(),
  entries: z.array(entrySchema).max(10_000),
});

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

function bytesOf(xattrs: readonly (readonly [string, string])[]): number {
  return xattrs.reduce((sum, [name, value]) => sum + name.length + (value.length * 3) / 4, 0);
}

export const listedChangeSchema = z.object({
  path: z.string(),
  step: z.string(),
  why: z.string(),
  change: z.enum(['added', 'changed', 'removed']),
});

export type ListedChange = Readonly<z.infer<typeof listedChangeSchema>>;

/** Provenance is a small document. */
const maxListCharacters = 256 * 1024;

/** For provenance: what was changed and what for, without what was there. */
export function listOfChanges(entries: readonly RecordEntry[]): ListedChange[] {
  return listWithinLimit(
    entries.map(({ path, step, why, after, before }) => {
      const wasThere = before.type !== 'nothing';
      const change = after.type === 'nothing' ? 'removed' : wasThere ? 'changed' : 'added';
      return { path: `/${toDisplay(path)}`, step, why, change };
    }),
  );
}

/** Where homes and skeletons of the image have endless paths, the last entry counts what is in the record alone. */
export function listWithinLimit(changes: readonly ListedChange[]): ListedChange[] {
  const list: ListedChange[] = [];
  let characters = 0;
  for (const change of changes) {
    characters += JSON.stringify(change).length;
    if (characters > maxListCharacters) {
      const why = `${changes.length - list.length} more changes are listed in this file`;
      list.push({ path: `/${recordPath}`, step: change.step, why, change: 'added' });
      return list;
    }
    list.push(change);
  }
  return list;
}
