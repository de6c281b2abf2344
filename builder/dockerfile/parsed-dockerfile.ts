import type { ArgInstruction, FromInstruction, StageInstruction } from './instruction.ts';
import type { ParserDirectives } from './parser-directives.ts';
import type { DockerfileWarning } from './problems.ts';

export interface Stage {
  /** Counted from 0. */
  readonly index: number;
  /** In lower case; no two stages have the same. */
  readonly name: string | undefined;
  readonly from: FromInstruction;
  readonly instructions: readonly StageInstruction[];
}

export interface ParsedDockerfile {
  /** As the user named the file. */
  readonly path: string;
  readonly directives: ParserDirectives;
  /** The ARGs before the first FROM. */
  readonly globalArgs: readonly ArgInstruction[];
  /** At least one. */
  readonly stages: readonly Stage[];
  readonly warnings: readonly DockerfileWarning[];
}
