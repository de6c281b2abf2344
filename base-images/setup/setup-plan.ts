import type { BytePath } from '../../src/index.ts';
import * as z from 'zod';
import type { FileChange } from '../files/changed-files.ts';
import type { CaCertificate } from './ca/read-ca-file.ts';
import type { Asked } from './record/setup-record.ts';

/** The parts of a setup, in the order in which they are planned. */
export const setupSteps = [
  'user',
  'sudoers',
  'ca',
  'hostname',
  'hosts',
  'resolver',
  'machine-id',
  'apt',
  'docker-leftovers',
  'npm',
  'pip',
  'docker-mirror',
  'apt-mirror',
  'init',
] as const;

export type SetupStepId = (typeof setupSteps)[number];

/** What may be asked of a setup; what is left out is as the image and the rules of each step have it. */
export interface SetupOptions {
  /** Name of the user who works in the machine; without it that of earlier setups, whoever has the uid, or else a new one called `user`. */
  readonly user?: string;
  /** Of that user; 1000 where it is left out and the user is not there yet. */
  readonly uid?: number;
  /** Authorities that programs of the image shall trust, besides those of its distribution. */
  readonly ca?: readonly CaCertificate[];
  readonly npmRegistry?: URL;
  readonly pipIndex?: URL;
  readonly dockerMirror?: URL;
  readonly aptMirror?: URL;
  /** What an image without an init of its own gets; null where there is nothing to give. */
  readonly guest: GuestBundle | MissingGuest | null;
  /** Whether the image gets an init where it has none; as earlier setups had it where this is left out, and else it does. */
  readonly init?: 'bring' | 'leave';
}

/** What Ashlar brings to an image that has no init. */
export interface GuestBundle {
  /** A static busybox for the image's architecture. */
  readonly busybox: Buffer;
  /** In OCI's words, as in `amd64`. */
  readonly architecture: string;
  /** What the image's config has to run; null where it has no command. */
  readonly command: GuestCommand | null;
}

/** Why there is nothing that could be brought, in words. */
export interface MissingGuest {
  readonly missing: string;
}

export interface GuestCommand {
  readonly argv: readonly string[];
  /** As in `NAME=value`. */
  readonly env: readonly string[];
  readonly workdir: string;
  /** `name|uid[:group|gid]`; empty for root. */
  readonly user: string;
}

/** One name of the image that a setup changes. */
export type Change = FileChange & {
  readonly step: SetupStepId;
  /** For people: what it is for, in a few words. */
  readonly why: string;
  /** The inode is that of another name, which goes away: nothing of it changes but where it lies. */
  readonly movedFrom?: BytePath;
};

export type PlannedChange = Change & { readonly change: 'added' | 'changed' | 'removed' };

/** A thing that a setup leaves as it is, or does otherwise than one may think. */
export type SetupNote = z.infer<typeof setupNoteSchema>;

export const setupNoteSchema = z.object({
  step: z.enum(setupSteps),
  /**
   * `skipped`: not done, as nothing asked for it and the image cannot have it; `found`: something of the image's own that is in the way of the
   * machine's use, with the mend; `kept`: the image has it its own way.
   */
  kind: z.enum(['skipped', 'found', 'kept', 'said']),
  what: z.string(),
  why: z.string(),
});

/** A thing that was asked for and that cannot be done in this image. */
export interface SetupRefusal {
  readonly step: SetupStepId;
  readonly code: 'setup_refused' | 'base_file_unusable';
  /** One sentence that names the file or the user. */
  readonly message: string;

  readonly hint: string;
  readonly path: BytePath | null;
}

export interface SetupPlan {
  /** What was asked, now or of an earlier setup, and counts for later ones. */
  readonly asked: Asked;
  /** In the order in which they are made; none where the image is set up already. A path comes once. */
  readonly changes: readonly PlannedChange[];
  readonly notes: readonly SetupNote[];
  readonly refusals: readonly SetupRefusal[];
  /** Who works in the machine; null where there is nobody. */
  readonly user: SetupUser | null;
}

export interface SetupUser {
  readonly name: BytePath;
  readonly uid: number;
  readonly gid: number;
  readonly home: BytePath;
}
