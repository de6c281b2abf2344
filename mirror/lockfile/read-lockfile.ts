import { AshlarError } from '../../src/index.ts';
import { invalidLockfile, unsupportedLockfile } from './lockfile-errors.ts';
import type { Lockfile, LockfileEntry, LockfileKind } from './lockfile.ts';
import { readBerryLockfile } from './read-berry-lockfile.ts';
import { readBunLockfile } from './read-bun-lockfile.ts';
import { readNpmLockfile } from './read-npm-lockfile.ts';
import { readPnpmLockfile } from './read-pnpm-lockfile.ts';
import { readYarnLockfile } from './read-yarn-lockfile.ts';

/** What the reader of a kind finds. */
export interface ReadForm {
  readonly version: string;
  readonly entries: readonly LockfileEntry[];
}

const readers: Readonly<Record<LockfileKind, (text: string, name: string) => ReadForm>> = {
  npm: readNpmLockfile,
  pnpm: readPnpmLockfile,
  'yarn-classic': readYarnLockfile,
  'yarn-berry': readBerryLockfile,
  bun: readBunLockfile,
};

/**
 * Reads a lockfile of npm (lockfileVersion 1, 2, 3 and older), pnpm (6, 9), yarn 1, yarn berry or bun (text form), told
 * by its name and what it holds; `name` is the path as people know it. Throws `lockfile_invalid` with the line where it
 * is cut off, holds the marks of a merge conflict or a key twice, `lockfile_unsupported` for other forms, and
 * `lockfile_unusable` for what is no lockfile.
 */
export function readLockfile(text: string, name: string): Lockfile {
  const base = name.replace(/^.*[\\/]/s, '');
  if (/^(?:#!.*\n)?bun-lockfile-format-v\d/.test(text) || base === 'bun.lockb') {
    throw unsupportedLockfile(
      name,
      'the binary form of bun is not supported, but the text form is',
      'Let bun 1.2 or newer write bun.lock: `bun install --save-text-lockfile --lockfile-only`, and remove bun.lockb.',
    );
  }
  refuseConflicts(text, name);
  const kind = kindOf(text, base);
  if (kind === null) {
    throw new AshlarError('lockfile_unusable', `${name}: no lockfile of npm, pnpm, yarn or bun`, {
      data: { path: name },
      hint: 'Name a package-lock.json, npm-shrinkwrap.json, pnpm-lock.yaml, yarn.lock or bun.lock; `npm install --package-lock-only` makes one from a package.json.',
    });
  }
  return { kind, name, text, ...readers[kind](text, name) };
}

/** Git leaves these at the start of a line. */
function refuseConflicts(text: string, name: string): void {
  const found = /^(?:<{7}|>{7}|\|{7})(?: .*)?\r?$/m.exec(text);
  if (found === null) return;
  const line = text.slice(0, found.index).split('\n').length;
  throw invalidLockfile({ name, line }, 'a merge conflict that is not resolved', {
    hint: 'Resolve the conflict (npm, pnpm, yarn and bun do so on `install`), then try again.',
  });
}

function kindOf(text: string, base: string): LockfileKind | null {
  if (/^(?:\.?package-lock|npm-shrinkwrap)\.json$/.test(base)) return 'npm';
  if (/^pnpm-lock(?:\..+)?\.yaml$/.test(base)) return 'pnpm';
  if (base === 'bun.lock') return 'bun';
  if (base === 'yarn.lock')
    return /^\uFEFF?__metadata:/m.test(text) ? 'yarn-berry' : 'yarn-classic';
  return kindByContents(text);
}

function kindByContents(text: string): LockfileKind | null {
  if (/^\uFEFF?# yarn lockfile v1|\n# yarn lockfile v1\r?\n/.test(text.slice(0, 1000))) {
    return 'yarn-classic';
  }
  if (/^\uFEFF?__metadata:/m.test(text)) return 'yarn-berry';
  if (/^\uFEFF?(?:---\r?\n)?lockfileVersion:/m.test(text)) return 'pnpm';
  if (!/^\uFEFF?\s*\{/.test(text) || !/"lockfileVersion"\s*:/.test(text)) return null;
  // bun begins with it, npm with the project's name.
  const isBun =
    /^\uFEFF?\s*\{\s*"lockfileVersion"/.test(text) && /"workspaces"\s*:\s*\{/.test(text);
  return isBun ? 'bun' : 'npm';
}
