/** The lines of a text one after the other, without their ends, so that a text of nothing but line ends costs no memory. */
export function* linesOf(text: string): Iterable<string> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const next = end === -1 ? text.length : end;
    yield text.slice(start, next).replace(/\r$/, '');
    start = next + 1;
  }
}
