import type { LookedAt, Snapshot } from '../snapshot.ts';
import type { SkipReason } from '../verdict.ts';
import { decode, toText } from './text.ts';

export type Opened =
  | { readonly text: string }
  | { readonly why: SkipReason; readonly message: string };

/** Root's, and written by nobody else; and its directory too. */
export function openSudoers(
  snapshot: Snapshot,
  path: string,
  options: { readonly checkDirectory: boolean },
): Opened {
  if (options.checkDirectory) {
    const parent = path.replace(/\/+$/, '').replace(/\/+[^/]*$/, '') || '/';
    const looked = snapshot.look(parent);
    if (looked.error !== null) return unopened(looked.error);
    const bad = insecure(looked, parent);
    if (bad !== null) return bad;
  }
  const looked = snapshot.look(path);
  if (looked.error !== null) return unopened(looked.error);
  const bad = insecure(looked, path);
  if (bad !== null) return bad;
  if (looked.type === 'directory')
    return { why: 'not-a-file', message: 'Is a directory (os error 21)' };
  const text = snapshot.read(path);
  if (text === null)
    return { why: looked.type === 'file' ? 'too-large' : 'not-a-file', message: 'cannot be read' };
  const utf8 = decode(text);
  return utf8 === null
    ? { why: 'not-utf8', message: 'stream did not contain valid UTF-8' }
    : { text: utf8 };
}

const errorNumbers = {
  'No such file or directory': 2,
  'Not a directory': 20,
  'File name too long': 36,
  'Too many levels of symbolic links': 40,
} as const;

function unopened(error: keyof typeof errorNumbers): Opened {
  const why = error === 'No such file or directory' ? 'missing' : 'bad-path';
  return { why, message: `${error} (os error ${errorNumbers[error]})` };
}

function insecure(looked: LookedAt, path: string): Opened | null {
  const shown = toText(path);
  if (looked.uid !== 0) return { why: 'owner', message: `${shown} must be owned by root` };
  if (looked.gid !== 0 && (looked.mode & 0o020) !== 0)
    return { why: 'mode', message: `${shown} cannot be group-writable` };
  return (looked.mode & 0o002) === 0
    ? null
    : { why: 'mode', message: `${shown} cannot be world-writable` };
}
