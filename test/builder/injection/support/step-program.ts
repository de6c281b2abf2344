import { type FileHandle, open } from 'node:fs/promises';
import type { StepProcess } from '../../../../builder/run/step-processes.ts';

/** What a program of a step is and has, as far as it is not the usual. */
export interface ProgramFacts {
  readonly id?: string;
  /** The file that it runs. */
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
  readonly cwd?: string | null;
  readonly secure?: boolean;
  /** Files of its container. */
  readonly files?: Readonly<Record<string, string>>;
}

export function stepProgram(facts: ProgramFacts): StepProcess {
  const { id = '1-1', argv = ['npm ci'], cwd = '/app/web', secure = false } = facts;
  return {
    id,
    environment: () => Promise.resolve(new Map(Object.entries({ HOME: '/root', ...facts.env }))),
    argv: () => Promise.resolve(argv),
    workingDirectory: () => Promise.resolve(cwd),
    openProgram: async (): Promise<readonly FileHandle[]> => [await open(facts.file)],
    isSecure: () => Promise.resolve(secure),
    readText: (path) => Promise.resolve(facts.files?.[path] ?? null),
  };
}
