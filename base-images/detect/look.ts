import { type BytePath, hasCode } from '../../src/index.ts';
import type { ImageFile, ImageFiles } from '../files/image-files.ts';
import type { BaseProblem } from './base-facts.ts';

/** How detection looks at files: everything that it reads is bounded, and what is wrong with a file is noted, not thrown. */
export interface Look {
  readonly files: ImageFiles;
  readonly problems: readonly BaseProblem[];
  note(problem: BaseProblem): void;
  /** The bytes of a file; null where there is none, or with a problem noted where there is something else or too much. */
  bytes(path: BytePath, maxBytes: number): Promise<Buffer | null>;
  /** The same as text, each byte a character; null with a problem noted where it has NUL bytes. */
  text(path: BytePath, maxBytes: number): Promise<string | null>;
  /** Whether the path leads to a directory or a file. */
  has(path: BytePath): Promise<boolean>;
  /** The programs of this name where root's shell looks for them, in its order. */
  programs(name: BytePath): Promise<readonly FoundProgram[]>;
  /** The first of these, which is what the name starts. */
  program(name: BytePath): Promise<FoundProgram | null>;
}

export interface FoundProgram {
  /** As its directory and name are written. */
  readonly path: BytePath;
  /** What that leads to. */
  readonly file: ImageFile;
}

/** What is found here is found by root, in this order. */
const programDirectories: readonly BytePath[] = [
  'usr/local/sbin',
  'usr/local/bin',
  'usr/sbin',
  'usr/bin',
  'sbin',
  'bin',
];

const maxProblems = 100;

export function createLook(files: ImageFiles): Look {
  const problems: BaseProblem[] = [];
  const note = (problem: BaseProblem): void => {
    const isKnown = problems.some(
      ({ path, kind, says }) =>
        path === problem.path && kind === problem.kind && says === problem.says,
    );
    if (!isKnown && problems.length < maxProblems) problems.push(problem);
  };
  const noteWhyNot = async (path: BytePath): Promise<void> => {
    const there = await files.at(path);
    if (there === null) return;
    const target = await files.follow(path);
    if (target === null)
      note({ path, kind: 'dangling-link', says: 'is a link that leads to nothing' });
    else note({ path, kind: 'wrong-type', says: `is a ${target.type}, not a file` });
  };
  const bytes = async (path: BytePath, maxBytes: number): Promise<Buffer | null> => {
    try {
      const found = await files.read(path, { maxBytes });
      if (found === null) await noteWhyNot(path);
      return found;
    } catch (error) {
      if (!hasCode(error, 'base_file_too_large')) throw error;
      note({ path, kind: 'too-large', says: `has more than ${maxBytes} bytes, and was not read` });
      return null;
    }
  };
  const program = async (path: BytePath): Promise<FoundProgram | null> => {
    const file = await files.follow(path);
    return file?.type === 'file' && (file.mode & 0o111) !== 0 ? { path, file } : null;
  };
  return {
    files,
    problems,
    note,
    bytes,
    async text(path, maxBytes) {
      const found = await bytes(path, maxBytes);
      if (found === null) return null;
      if (!found.includes(0)) return found.toString('latin1');
      note({ path, kind: 'not-text', says: 'is no text: it has NUL bytes' });
      return null;
    },
    async has(path) {
      return (await files.follow(path)) !== null;
    },
    async programs(name) {
      const found: FoundProgram[] = [];
      for (const directory of programDirectories) {
        const one = await program(`${directory}/${name}`);
        if (one !== null) found.push(one);
      }
      return found;
    },
    async program(name) {
      for (const directory of programDirectories) {
        const found = await program(`${directory}/${name}`);
        if (found !== null) return found;
      }
      return null;
    },
  };
}
