/** The lines of a text, without their ends; a text that ends in one has no further, empty line. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * The lines one after the other, without their ends, be they LF or CR LF, so that a text of nothing but line ends costs no
 * memory.
 */
export function* eachLine(text: string): Iterable<string> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const next = end === -1 ? text.length : end;
    yield text.slice(start, next).replace(/\r$/, '');
    start = next + 1;
  }
}
