import { fromBytes, toDisplay } from '../../../src/index.ts';
import { linesOf } from './read-text.ts';

const maxLines = 12;
const maxLineLength = 400;

/** What a program wrote, for people: bytes that are no text are shown as such, as sudo 1.8.16 prints freed memory. */
export function outputLines(output: Buffer): readonly string[] {
  const lines = linesOf(fromBytes(output)).filter((line) => line.trim() !== '');
  const shown = lines.slice(0, maxLines).map((line) => toDisplay(line.slice(0, maxLineLength)));
  return lines.length > maxLines ? [...shown, `and ${lines.length - maxLines} lines more`] : shown;
}
