import type {
  SudoersAnswer,
  SudoersDirectory,
  SudoersProblem,
  SudoersQuestion,
  SudoersRead,
  SudoersSkip,
} from './verdict.ts';

/** What an engine says, from a snapshot: what is asked of it may ask the snapshot for more. */
export interface Judgement {
  readonly reads: readonly SudoersRead[];
  readonly skips: readonly SudoersSkip[];
  readonly directories: readonly SudoersDirectory[];
  readonly problems: readonly SudoersProblem[];
  readonly lockedOut: boolean;
  readonly visudo: { readonly exitCode: 0 | 1 | 2; readonly says: readonly string[] };
  /** Null: what it prints whoever asks. */
  says(question: SudoersQuestion | null): readonly string[];
  allows(question: SudoersQuestion): SudoersAnswer;
  /** What is wrong with settings that hold for everybody. */
  settingProblems(): readonly SudoersProblem[];
}
