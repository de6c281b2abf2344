import type { SudoersFacts } from '../base-facts.ts';
import { includesIn } from '../../sudoers/includes.ts';
import type { Look } from '../look.ts';

/** Room for 100,000 lines. */
const maxSudoersBytes = 16 * 1024 * 1024;

/** How `/etc/sudoers` looks from outside; what it means is said by `judgeSudoers`. */
export async function findSudoers(look: Look): Promise<SudoersFacts> {
  const file = await look.files.follow('etc/sudoers');
  const directory = await look.files.follow('etc/sudoers.d');
  if (directory !== null && directory.type !== 'directory')
    look.note({
      path: 'etc/sudoers.d',
      kind: 'wrong-type',
      says: `is a ${directory.type}, not a directory`,
    });
  const text = (await look.bytes('etc/sudoers', maxSudoersBytes))?.toString('latin1') ?? '';
  const endsInNewline = text.endsWith('\n');
  return {
    file,
    lines: text === '' ? 0 : countLineEnds(text, text.length) + (endsInNewline ? 0 : 1),
    bytes: file?.sizeBytes ?? 0,
    endsInNewline,
    crlf: text.includes('\r\n'),
    include: includesIn(text)[0] ?? null,
    directory,
  };
}

function countLineEnds(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < end; at = text.indexOf('\n', at + 1))
    count += 1;
  return count;
}
