import type { BytePath } from '../../src/index.ts';
import type { CheckedBase } from './checked-base.ts';

/** One assertion of the contract. Each is a file of its own in `checks/`. */
export interface Check {
  /** Lower case with dashes; stays what it is, as reports are compared by it. */
  readonly id: string;
  /** What it asserts, as a sentence without its full stop. */
  readonly title: string;
  /** What happened, or would happen, where it does not hold. */
  readonly why: string;
  /** Where it is seen: in the files alone, by a command in a container, or in a booted machine. */
  readonly on: CheckPlace;
  /** Of a failure; it says who must act. */
  readonly code: ContractCode;
  /** All of them must hold, else the check is not applicable. */
  readonly concerns: readonly Concern[];
  /** Throws what reading the image throws, and what running in it does. */
  look(base: CheckedBase): Promise<Outcome> | Outcome;
}

export type CheckPlace = 'tree' | 'container' | 'boot';

/** Codes of failed checks: the author of the image, the caller, or the operator must act; never Ashlar's makers. */
export type ContractCode =
  | 'base_sudoers_broken'
  | 'base_unfit'
  | 'base_not_set_up'
  | 'base_machine_unfit'
  | 'platform_unavailable';

/** Which bases a check is about, by what is found in them. */
export interface Concern {
  /** As in `images with sudo`. */
  readonly words: string;
  holds(base: CheckedBase): boolean;
}

export type Outcome = Passed | Failed | NotRun | NotApplicable;

export interface Passed {
  readonly status: 'passed';
  readonly evidence: readonly string[];
}

export interface Failed {
  readonly status: 'failed';
  /** What was seen, a line each; the first says what is wrong, with the file's name. */
  readonly evidence: readonly string[];
  /** What the one who must act has to do. */
  readonly mend: string;
  readonly place: Place | null;
}

/** Something that the check needs cannot be had. */
export interface NotRun {
  readonly status: 'not-run';
  readonly reason: string;
}

/** Seen only while looking: there is nothing that could be checked. */
export interface NotApplicable {
  readonly status: 'not-applicable';
  readonly reason: string;
}

/** A file of the image, and a line of it where one is at fault. */
export interface Place {
  /** Without a leading slash. */
  readonly path: BytePath;
  readonly line: number | null;
}

export function passed(...evidence: readonly string[]): Passed {
  return { status: 'passed', evidence };
}

export function failed(
  evidence: string | readonly string[],
  mend: string,
  place: Place | null = null,
): Failed {
  return {
    status: 'failed',
    evidence: typeof evidence === 'string' ? [evidence] : evidence,
    mend,
    // Sudo names files from the root on, an image's files have no leading slash.
    place: place === null ? null : { ...place, path: place.path.replace(/^\/+/, '') },
  };
}

export function notRun(reason: string): NotRun {
  return { status: 'not-run', reason };
}

export function notApplicable(reason: string): NotApplicable {
  return { status: 'not-applicable', reason };
}
