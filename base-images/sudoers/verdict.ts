import type { BytePath } from '../../src/index.ts';

/** A line of a sudoers file. Lines count from 1. Paths are absolute, as the engine prints them. */
export interface FileAndLine {
  readonly path: BytePath;
  readonly line: number;
}

/** A file that the engine parses. */
export interface SudoersRead {
  readonly path: BytePath;
  readonly how: 'main' | 'include' | 'includedir';
  /** The directive that named it; null for the main file. */
  readonly from: FileAndLine | null;
}

/** A directory that a directive named, whose files the engine goes through: there may be none. */
export interface SudoersDirectory {
  readonly path: BytePath;
  readonly from: FileAndLine;
}

/** A file or directory that a directive named, or that lies in an included directory, and that the engine does not parse. */
export interface SudoersSkip {
  readonly path: BytePath;
  readonly why: SkipReason;
  readonly from: FileAndLine | null;
}

export type SkipReason =
  /** Its name has a dot. */
  | 'dot'
  /** Its name ends in a tilde. */
  | 'tilde'
  /** Not root's. */
  | 'owner'
  /** Anybody may write it, or a group that is not root's. */
  | 'mode'
  /** A directory, a device, or what else is no regular file. */
  | 'not-a-file'
  /** What includedir names is no directory. */
  | 'not-a-directory'
  | 'missing'
  | 'empty'
  /** Includes too deep, most often because they go in a circle. */
  | 'too-deep'
  /** A path that this engine does not take. */
  | 'bad-path'
  /** Bytes that this engine does not take: sudo-rs reads UTF-8 alone. */
  | 'not-utf8'
  | 'too-large';

export interface SudoersProblem {
  readonly path: BytePath;
  /** Null where the file as a whole is meant, or where this engine names no line. */
  readonly line: number | null;
  /** As this engine counts it, from 1; null where it names none. */
  readonly column: number | null;
  /** The engine's own words, in English. */
  readonly what: string;
  /**
   * `fatal`: after it no sudo call works, for anybody. `recovered`: the line (or file) is left out, the rest holds; sudo prints it at each
   * call. `warning`: the line holds but for a setting that is none, which sudo tells those whom it is for. `visudo-only`: visudo alone says so.
   */
  readonly severity: 'fatal' | 'recovered' | 'warning' | 'visudo-only';
}

/** `password`: sudo asks for one, so `sudo -n` fails. `denied`: no rule, or the last rule that matches forbids it. */
export type SudoersAnswer = 'nopasswd' | 'password' | 'denied';

export interface SudoersQuestion {
  /** Name of the user who calls sudo. */
  readonly user: string;
  /** `sudo -u`; root where it is left out. */
  readonly runAs?: string;
  /** `sudo -g`. */
  readonly runAsGroup?: string;
  /** Absolute path, then arguments, as they are given to execve. `ALL` alone asks: may any command be run? */
  readonly command: 'ALL' | readonly [path: string, ...args: string[]];
}

export interface SudoersVerdict {
  readonly reads: readonly SudoersRead[];
  readonly skips: readonly SudoersSkip[];
  readonly directories: readonly SudoersDirectory[];
  readonly problems: readonly SudoersProblem[];
  /** No sudo call works, not even root's. */
  readonly lockedOut: boolean;
  /** Where to mend what locks everybody out: file and line of the first fatal problem. */
  readonly lockedOutBy: SudoersProblem | null;
  /** What every sudo call prints on stderr before it does anything, whoever calls, line by line; bytes, as the engine has them. */
  readonly saysItself: readonly string[];
  /** What `visudo -c` of this engine does; 2 where it cannot even read the file. */
  readonly visudo: { readonly exitCode: 0 | 1 | 2; readonly says: readonly string[] };
  /** What this very call prints on stderr before it does anything: with the Defaults that hold for it. */
  says(question: SudoersQuestion): Promise<readonly string[]>;
  /** Would sudo do it? Reads the image for the command's file where a rule names one. */
  allows(question: SudoersQuestion): Promise<SudoersAnswer>;
}
